namespace Dfss.Commands;

/// <summary>One call of the engine, seen from its asynchronous body.</summary>
/// <param name="bridge">The bridge to the pipeline thread.</param>
internal sealed class DriveCall(PipelineBridge bridge)
{
    private volatile string? doing;

    /// <summary>What the body does now; null while it waits for a first answer.</summary>
    internal string? Doing => doing;

    /// <summary>Runs a function on the pipeline thread.</summary>
    internal Task<T> InvokeAsync<T>(Func<T> function) => bridge.InvokeAsync(function);

    /// <summary>Says what the body does.</summary>
    internal void Say(string text) => doing = text;
}
