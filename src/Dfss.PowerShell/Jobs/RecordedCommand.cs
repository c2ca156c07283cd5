using System.Management.Automation;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>
/// A command of -AsJob as the engine has bound it: the values of its parameters, those of each input, and what only the
/// caller's session knows. The same cmdlet in the job's runspace takes all of it, in place of parameters of its own.
/// </summary>
internal sealed class RecordedCommand
{
    private readonly CommandParameters parameters;
    private readonly object?[] values;
    private readonly List<RecordedInput> inputs = [];

    /// <summary>Records a command before its first input.</summary>
    internal RecordedCommand(ClientCmdlet cmdlet)
    {
        parameters = new CommandParameters(cmdlet.GetType());
        values = CommandParameters.Read(parameters.All, cmdlet);
        CmdletType = cmdlet.GetType();
        Bound = new Dictionary<string, object?>(cmdlet.MyInvocation.BoundParameters, StringComparer.OrdinalIgnoreCase);
        ParameterSet = cmdlet.ParameterSetName;
        ExpectsInput = cmdlet.MyInvocation.ExpectingInput;
        Name = cmdlet.MyInvocation.MyCommand.Name;
        Line = cmdlet.MyInvocation.InvocationName == "&" ? string.Empty : cmdlet.MyInvocation.Line.Trim();
    }

    /// <summary>The name of the variable of the job's runspace that has it.</summary>
    internal const string Variable = "DfssRecordedCommand";

    internal Type CmdletType { get; }

    /// <summary>The name of the cmdlet.</summary>
    internal string Name { get; }

    /// <summary>The line of the script that has the command; empty where it does not name it.</summary>
    internal string Line { get; }

    /// <summary>The parameters of the command line.</summary>
    internal IReadOnlyDictionary<string, object?> Bound { get; }

    /// <summary>The parameter set, of the current input or before the first one.</summary>
    internal string ParameterSet { get; private set; }

    /// <summary>Whether the caller's command was in a pipeline, behind another one.</summary>
    internal bool ExpectsInput { get; }

    /// <summary>The identity to present, read when the job was started.</summary>
    internal TlsIdentity? Identity { get; init; }

    /// <summary>The cluster that the identity is of.</summary>
    internal ClusterChoice Choice { get; init; } = ClusterChoice.None;

    /// <summary>The drive that the peers and the identity are of; null if they are of no drive.</summary>
    internal string? Drive { get; init; }

    /// <summary>The peers, found when the job was started.</summary>
    internal IReadOnlyList<PeerAddress> Peers { get; init; } = [];

    internal int InputCount => inputs.Count;

    /// <summary>
    /// The parameters that the job's command is given: the common ones, and a value for each that must have one, which
    /// <see cref="ApplyTo"/> replaces. Not those that name variables of the caller, nor those of questions, which were
    /// asked when the job was started.
    /// </summary>
    internal IEnumerable<KeyValuePair<string, object?>> BindingOfJob
    {
        get
        {
            string literal = parameters.All.Any(parameter => parameter.Name == nameof(LocalFileCmdlet.LiteralPath))
                ? nameof(LocalFileCmdlet.LiteralPath)
                : nameof(StoredFileCmdlet.LiteralName);
            IEnumerable<string> needed = typeof(INewNameCmdlet).IsAssignableFrom(CmdletType)
                ? [literal, nameof(INewNameCmdlet.NewName)]
                : [literal];
            return needed.Select(name => KeyValuePair.Create(name, (object?)"-"))
                .Concat(Bound.Where(one => Cmdlet.CommonParameters.Contains(one.Key)
                    && !one.Key.EndsWith("Variable", StringComparison.Ordinal) && one.Key != "OutBuffer"));
        }
    }

    /// <summary>Records an input that the engine has just bound.</summary>
    internal void Add(ClientCmdlet cmdlet) => inputs.Add(new RecordedInput(
        cmdlet.ParameterSetName, CommandParameters.Read(parameters.OfPipeline, cmdlet)));

    /// <summary>Sets the parameters of the command line.</summary>
    internal void ApplyTo(ClientCmdlet cmdlet) => CommandParameters.Write(parameters.All, values, cmdlet);

    /// <summary>Sets the parameters of each input in turn.</summary>
    internal IEnumerable<RecordedInput> Replay(ClientCmdlet cmdlet)
    {
        foreach (RecordedInput input in inputs)
        {
            ParameterSet = input.ParameterSet;
            CommandParameters.Write(parameters.OfPipeline, input.Values, cmdlet);
            yield return input;
        }
    }
}
