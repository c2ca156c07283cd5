using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>
/// Completes names of stored files with nothing: else PowerShell offers local files, which these names are not. The
/// names themselves would have to come over the network while somebody types.
/// </summary>
internal sealed class NoCompletion : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters) => [];
}
