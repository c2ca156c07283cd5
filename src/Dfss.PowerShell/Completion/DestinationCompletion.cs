using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>Completes a destination of copies: the clusters that this user has joined, and the peers that are
/// known.</summary>
internal sealed class DestinationCompletion : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
    [
        .. new ClusterCompletion().CompleteArgument(
            commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters),
        .. new PeerCompletion().CompleteArgument(
            commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters) ?? [],
    ];
}
