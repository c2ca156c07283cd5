namespace Dfss.Commands;

/// <summary>What the engine has bound for one input.</summary>
/// <param name="ParameterSet">The parameter set of the input.</param>
/// <param name="Values">The values of the parameters that take input of the pipeline, in the order of
/// <see cref="CommandParameters.OfPipeline"/>.</param>
internal sealed record RecordedInput(string ParameterSet, object?[] Values);
