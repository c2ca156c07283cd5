using System.Runtime.CompilerServices;

namespace Dfss.Storage;

/// <summary>Sends many requests to the engine: a few at a time, or one after the other for a long list.</summary>
internal static class ObjectRequests
{
    /// <summary>16: enough to hide an engine's latency; a peer has many callers besides.</summary>
    public const int AtOnce = 16;

    private const int PageSize = 1000;

    /// <summary>10 s, as of a create: of puts that are not answered at all, one is sent.</summary>
    private static readonly TimeSpan PutLimit = TimeSpan.FromSeconds(10);

    /// <summary>All objects whose keys begin with a prefix, a page at a time.</summary>
    public static async IAsyncEnumerable<ObjectEntry> ListAllAsync(
        this IObjectStore objects, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? after = null;
        while (true)
        {
            IReadOnlyList<ObjectEntry> page =
                await objects.ListAsync(prefix, after, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (ObjectEntry entry in page)
            {
                yield return entry;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            after = page[^1].Key;
        }
    }

    /// <summary>Puts, and after a failure again, a few times after growing pauses.</summary>
    /// <param name="put">One attempt.</param>
    /// <param name="progressed">Called before each pause; null for nothing.</param>
    /// <param name="clock">The clock of the pauses.</param>
    /// <param name="cancellationToken">Cancels the pauses.</param>
    /// <exception cref="DfssException">The error of the last attempt.</exception>
    public static async ValueTask RepeatPutAsync(
        Func<ValueTask> put, Action? progressed, TimeProvider clock, CancellationToken cancellationToken)
    {
        RetryPolicy policy = RetryPolicy.PutObject;
        long begun = clock.GetTimestamp();
        for (int failures = 1; ; failures++)
        {
            try
            {
                await put().ConfigureAwait(false);
                return;
            }
            catch (DfssException exception) when (policy.IsWorthIt(exception) && failures < policy.Attempts
                && clock.GetElapsedTime(begun) < PutLimit)
            {
                // It is tried again.
            }

            progressed?.Invoke();
            await Task.Delay(policy.PauseAfter(failures), clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Runs the request of each index, <see cref="AtOnce"/> at a time.</summary>
    public static ValueTask RunAsync(int count, Func<int, ValueTask> request) =>
        RequestLanes.RunAsync(count, AtOnce, request);
}
