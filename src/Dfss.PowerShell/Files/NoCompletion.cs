using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>Completes with nothing: else PowerShell offers local files, which neither names of stored files nor
/// durations are. The names of stored files would have to come over the network while the user types.</summary>
internal sealed class NoCompletion : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters) => [];
}
