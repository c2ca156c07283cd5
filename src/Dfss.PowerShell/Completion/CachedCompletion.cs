using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>
/// Completes from a list in memory, which a listing in the background refreshes. The user waits at most
/// <see cref="MaxWait"/>, whatever the peers do; a failure gives nothing, and never an error.
/// </summary>
internal abstract class CachedCompletion : IArgumentCompleter
{
    /// <summary>1,000: more are no help, and take PowerShell long to show.</summary>
    internal const int MaxResults = 1000;

    /// <summary>
    /// 75 ms: with the rest of a completion the answer comes within 150 ms. Only while nothing has been listed yet;
    /// then the names known so far are offered at once.
    /// </summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(75);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        try
        {
            return [.. Complete(new CompletionWord(wordToComplete), fakeBoundParameters)];
        }
#pragma warning disable CA1031 // While a user types no error is shown.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Trace.TraceInformation($"Nothing is offered for -{parameterName}: {exception.Message}");
            return [];
        }
    }

    /// <summary>The results for a word.</summary>
    private protected abstract IEnumerable<CompletionResult> Complete(CompletionWord word, IDictionary bound);

    /// <summary>Waits for a first listing, for a short time.</summary>
    private protected static void WaitFor(NameList names, Task refresh)
    {
        if (!names.IsListed && !refresh.IsCompleted)
        {
            PipelineBridge.WaitFor(() => Task.WhenAny(refresh, Task.Delay(MaxWait)));
        }
    }
}
