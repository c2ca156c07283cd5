namespace Dfss.Storage;

/// <summary>Sends many requests to the engine, a few at a time.</summary>
internal static class ObjectRequests
{
    // Enough to hide an engine's latency; a peer has many callers besides.
    private const int AtOnce = 16;

    /// <summary>Runs the request of each index. After a failure no further one begins, and the first is thrown when
    /// those under way have ended.</summary>
    public static async ValueTask RunAsync(int count, Func<int, ValueTask> request)
    {
        int next = 0;
        bool hasFailed = false;
        var lanes = new Task[Math.Min(count, AtOnce)];
        for (int lane = 0; lane < lanes.Length; lane++)
        {
            lanes[lane] = RunLaneAsync();
        }

        await Task.WhenAll(lanes).ConfigureAwait(false);

        async Task RunLaneAsync()
        {
            while (!hasFailed && Interlocked.Increment(ref next) is var taken && taken <= count)
            {
                try
                {
                    await request(taken - 1).ConfigureAwait(false);
                }
                catch
                {
                    hasFailed = true;
                    throw;
                }
            }
        }
    }
}
