using Polly;
using Polly.Retry;

namespace Dfss;

/// <summary>
/// When an operation that failed is tried again: which failures are worth it, how many attempts there are, and how long
/// the pause before each is. The pause doubles with each failure in a row up to a limit. Its jitter is half of it
/// either way, so that operations that failed together are not tried again together. Every pause between attempts comes
/// from here.
/// </summary>
internal sealed class RetryPolicy
{
    /// <summary>
    /// Connecting to a peer that is at its limit of connections: the three pauses are 1.4 s in all, in which other
    /// clients close their connections.
    /// </summary>
    public static RetryPolicy BusyPeer { get; } = new()
    {
        IsWorthIt = error => error is DfssException { Code: DfssErrorCode.PeerBusy },
        Attempts = 4,
        FirstPause = TimeSpan.FromMilliseconds(200),
    };

    /// <summary>
    /// Opening a file that another process has locked: the pauses are 10 s in all, and a process that holds a lock only
    /// writes one file.
    /// </summary>
    public static RetryPolicy LockedFile { get; } = new()
    {
        IsWorthIt = error => error is IOException,
        Attempts = 104,
        FirstPause = TimeSpan.FromMilliseconds(10),
        MaxPause = TimeSpan.FromMilliseconds(100),
    };

    /// <summary>
    /// The ballots of one change. The second one finds the current counter and needs no pause. The six pauses before
    /// the others are 2 s in all: more than a contest of writers takes, and time for a member to return. Of two rivals
    /// the one with the shorter pause wins.
    /// </summary>
    public static RetryPolicy Ballot { get; } = new()
    {
        Attempts = 8,
        FirstPause = TimeSpan.FromMilliseconds(40),
        MaxPause = TimeSpan.FromMilliseconds(640),
    };

    /// <summary>
    /// Accepting a connection, which fails for lack of file handles, for example. Those in use are returned in time.
    /// </summary>
    public static RetryPolicy Accept { get; } = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(100),
        MaxPause = TimeSpan.FromMilliseconds(100),
    };

    /// <summary>
    /// Creating an object of which an engine does not say what became. A conflict with another writer is over after a
    /// pause or two; the nine pauses are 10 s in all, about what a client waits for.
    /// </summary>
    public static RetryPolicy Create { get; } = new()
    {
        Attempts = 10,
        FirstPause = TimeSpan.FromMilliseconds(50),
        MaxPause = TimeSpan.FromSeconds(2),
    };

    /// <summary>
    /// Putting an object in an engine that was busy, or that is out of reach for a moment; not in one that is full, or
    /// whose certificate is refused. The three pauses are 1.4 s in all.
    /// </summary>
    public static RetryPolicy PutObject { get; } = new()
    {
        IsWorthIt = error => error is DfssException { Code: DfssErrorCode.StoreFailed, IsLasting: false },
        Attempts = 4,
        FirstPause = TimeSpan.FromMilliseconds(200),
    };

    /// <summary>Whether a failure is worth another attempt.</summary>
    public Func<Exception, bool> IsWorthIt { get; private init; } = static _ => true;

    /// <summary>The number of attempts, the first one included; without limit by default.</summary>
    public int Attempts { get; private init; } = int.MaxValue;

    /// <summary>The pause after the first failure, on average.</summary>
    public required TimeSpan FirstPause { get; init; }

    /// <summary>The longest pause, on average.</summary>
    public TimeSpan MaxPause { get; private init; } = FailureMemory.MaxLength;

    /// <summary>Called with each failure that another attempt follows.</summary>
    private Action<Exception>? Retried { get; init; }

    /// <summary>
    /// Reading a chunk from all its replicas. An absent chunk is worth another attempt: a peer that has it may be
    /// starting.
    /// </summary>
    public static RetryPolicy ReadChunk(int attempts, TimeSpan firstPause, Action<Exception> retried) => new()
    {
        IsWorthIt = error => error is DfssException { IsTransient: true }
            or DfssException { Code: DfssErrorCode.ChunkCorrupt or DfssErrorCode.ChunkNotFound },
        Attempts = attempts,
        FirstPause = firstPause,
        Retried = retried,
    };

    /// <summary>Reading a chunk from one peer that reports it, while others may have it too.</summary>
    public static RetryPolicy ReadCopy(TimeSpan firstPause) => new()
    {
        IsWorthIt = error => error is DfssException { IsTransient: true },
        Attempts = 3,
        FirstPause = firstPause,
    };

    /// <summary>
    /// Storing a chunk at one peer. A corrupt one is worth another attempt: it was damaged on its way.
    /// </summary>
    public static RetryPolicy PutChunk(TimeSpan firstPause) => new()
    {
        IsWorthIt = error =>
            error is DfssException { IsTransient: true } or DfssException { Code: DfssErrorCode.ChunkCorrupt },
        Attempts = 3,
        FirstPause = firstPause,
    };

    /// <summary>Background work, which never ends by a failure: a transient one costs 1 s.</summary>
    public static RetryPolicy BackgroundWork(TimeSpan maxPause) =>
        new() { FirstPause = TimeSpan.FromSeconds(1), MaxPause = maxPause };

    /// <summary>The pause after so many failures in a row.</summary>
    public TimeSpan PauseAfter(int failures)
    {
        double seconds = Math.Min(FirstPause.TotalSeconds * Math.Pow(2, failures - 1), MaxPause.TotalSeconds);
#pragma warning disable CA5394 // Jitter is no secret.
        return TimeSpan.FromSeconds(seconds * (0.5 + Random.Shared.NextDouble()));
#pragma warning restore CA5394
    }

    /// <summary>
    /// The pipeline that runs operations by this policy, with pauses of this clock. Built once, not for each operation.
    /// </summary>
    public ResiliencePipeline Build(TimeProvider clock) => Attempts == 1
        ? ResiliencePipeline.Empty
        : new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle(IsWorthIt),
                MaxRetryAttempts = Attempts - 1,
                DelayGenerator = retry => new(PauseAfter(retry.AttemptNumber + 1)),
                OnRetry = retry =>
                {
                    Retried?.Invoke(retry.Outcome.Exception!);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
}
