using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>Completes the names of the clusters that this user has joined.</summary>
internal sealed class ClusterCompletion : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        return
        [
            .. ClusterMembership.List(UserState.Folder)
                .Where(cluster => cluster.Name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                .Select(cluster => new CompletionResult(
                    cluster.Name, cluster.Name, CompletionResultType.ParameterValue, cluster.Folder)),
        ];
    }
}
