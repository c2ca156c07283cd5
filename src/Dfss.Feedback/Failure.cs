using System.Management.Automation;

namespace Dfss.Feedback;

/// <summary>The failure of a command of the module.</summary>
/// <param name="Error">The error that the command wrote.</param>
/// <param name="Command">The command; null where a script or a function ran it.</param>
internal sealed record Failure(ErrorRecord Error, FailedCommand? Command)
{
    private const string ModuleNamespace = ",Dfss.Commands.";

    /// <summary>The id of the error, as about_Dfss_Troubleshooting lists it; null for an error of others.</summary>
    internal string? Id => Error.FullyQualifiedErrorId is { } id
        && id.IndexOf(ModuleNamespace, StringComparison.Ordinal) is > 0 and var end
            ? id[..end]
            : null;

    /// <summary>What the error is about: a name, a path or a peer; null where it is about no text.</summary>
    internal string? Target => (Error.TargetObject as PSObject)?.BaseObject as string ?? Error.TargetObject as string;

    /// <summary>The peer that failed; null for a failure of no peer, or of several.</summary>
    internal PeerAddress? Peer => (Error.Exception as DfssException)?.Peer;

    /// <summary>The parameters that say where the peers are, with a space before each.</summary>
    internal string Connection => Command?.Connection ?? string.Empty;

    /// <summary>The same, and those that a hidden name is found with.</summary>
    internal string Naming => Command?.Naming ?? string.Empty;

    /// <summary>The stored names that are near one that was not found.</summary>
    internal IReadOnlyList<string> NearNames => (Error.Exception as DfssException)?.NearNames ?? [];

    /// <summary>
    /// The command with one more switch, where the advice of the error names it and the command is for one file: for
    /// several the switch would do more than the failed file needs.
    /// </summary>
    internal string? WithAdvised(string name) =>
        Command is { IsForOneFile: true }
            && Error.ErrorDetails?.RecommendedAction?.Contains(name, StringComparison.Ordinal) == true
            ? Command.With(name)
            : null;
}
