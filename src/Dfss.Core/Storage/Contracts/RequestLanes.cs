namespace Dfss.Storage;

/// <summary>Runs a batch of requests, some at a time.</summary>
internal static class RequestLanes
{
    /// <summary>Runs the request of each index, some at a time. After a failure no further one begins, and the first is
    /// thrown when those under way have ended.</summary>
    public static async ValueTask RunAsync(int count, int atOnce, Func<int, ValueTask> request)
    {
        int next = 0;
        bool hasFailed = false;
        var lanes = new Task[Math.Min(count, atOnce)];
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
