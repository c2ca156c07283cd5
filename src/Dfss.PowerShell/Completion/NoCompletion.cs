using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>
/// Completes nothing: otherwise PowerShell offers local files for names of stored files and durations. Names of stored
/// files would need requests over the network while the user types.
/// </summary>
internal sealed class NoCompletion : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters) => [];
}
