using Dfss.Testing;

namespace Dfss.Tests.Survival;

/// <summary>
/// A stop of a peer (SIGSTOP) at one request of its collection to a fake engine, which carries the request out when no
/// thread of the peer takes another step.
/// </summary>
/// <param name="method">The method of the request.</param>
/// <param name="keys">What its key has in it.</param>
/// <param name="count">At which of these requests the stop comes: 1 for the first one.</param>
/// <param name="freeze">Stops the peer.</param>
internal sealed class RequestStop(string method, string keys, int count, Action freeze)
{
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int left = count;
    private int isTaken;

    /// <summary>Ends when the peer is stopped, or could not be: then the fake engine has the error.</summary>
    public Task Stopped => stopped.Task;

    /// <summary>Looks at a request before it is carried out.</summary>
    public void Look(FakeS3Request request)
    {
        if (request.Method == method && request.Key.Contains(keys, StringComparison.Ordinal)
            && Interlocked.Decrement(ref left) == 0 && Interlocked.Exchange(ref isTaken, 1) == 0)
        {
            try
            {
                freeze();
            }
            finally
            {
                stopped.SetResult();
            }
        }
    }

    /// <summary>From now on no stop comes.</summary>
    /// <returns>Whether one has come, or comes at this moment: then wait for <see cref="Stopped"/>.</returns>
    public bool Withdraw() => Interlocked.Exchange(ref isTaken, 1) == 1;
}
