using System.Globalization;

namespace Dfss.Storage;

/// <summary>
/// Re-hashes everything stored, one chunk after the other by ascending id, at a low rate, and rests between rounds. A
/// corrupt chunk goes to quarantine and counts as missing, so that a repair restores it from another peer while there
/// still is a good copy. The position is stored, so peers that run only for minutes at a time complete their rounds
/// too.
/// </summary>
internal sealed class Scrubber : IDisposable
{
    /// <summary>A week from the end of a round to the next: disks are rated for some 55 TB a year, and reading 1 TB
    /// weekly is 52. A copy that went bad is found long before the other is likely to.</summary>
    public static readonly TimeSpan RestTime = TimeSpan.FromDays(7);

    /// <summary>1 min of work is done again after a kill, for one commit a minute.</summary>
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(1);

    /// <summary>1 h: the cause of a stopped round (a folder that cannot be listed) needs an operator.</summary>
    private static readonly TimeSpan RetryTime = TimeSpan.FromHours(1);

    private readonly ILocalChunkStore chunks;
    private readonly ScrubTable? table;
    private readonly TimeProvider timeProvider;
    private readonly Action<string>? log;
    private readonly RateLimit? rate;
    private readonly SemaphoreSlim one = new(1);
    private volatile ScrubProgress progress;
    private volatile bool isRunning;

    /// <param name="chunks">The chunks to scrub.</param>
    /// <param name="table">Where the progress is stored; null: nowhere.</param>
    /// <param name="options">Rate, clock and log.</param>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: the progress cannot be
    /// read.</exception>
    public Scrubber(ILocalChunkStore chunks, ScrubTable? table, LocalStoreOptions options)
    {
        this.chunks = chunks;
        this.table = table;
        timeProvider = options.TimeProvider;
        log = options.Log;
        rate = options.ScrubBytesPerSecond > 0 ? new RateLimit(options.ScrubBytesPerSecond, timeProvider) : null;
        progress = table?.Load() ?? new ScrubProgress();
        Work = new BackgroundTask(BackgroundTaskInfo.Scrub, RetryTime, timeProvider, log);
    }

    /// <summary>The progress of the round.</summary>
    public ScrubProgress Progress => progress;

    /// <summary>Whether a round is going on.</summary>
    public bool IsRunning => isRunning;

    /// <summary>Bytes a second at the most; 0: it is turned off.</summary>
    public long BytesPerSecond => rate?.BytesPerSecond ?? 0;

    /// <summary>The work in the background, and how it is getting on.</summary>
    public BackgroundTask Work { get; }

    /// <summary>Makes one round after the other until cancelled; returns at once where it is turned off.</summary>
    /// <param name="ready">Ends when the recovery from a crash is done.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task RunAsync(Task ready, CancellationToken cancellationToken)
    {
        if (rate is null)
        {
            return;
        }

        await ready.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Work.RunAsync(
            async token =>
            {
                await RunRoundAsync(token).ConfigureAwait(false);
                return TimeToNextRound();
            },
            TimeToNextRound(),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Completes the current round, or makes a whole new one. Calls wait for each other.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: the chunks cannot be
    /// listed.</exception>
    public async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        await one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            isRunning = true;
            if (progress.Position is null)
            {
                progress = progress with { Chunks = 0, Bytes = 0 };
            }

            await CheckAllAsync(cancellationToken).ConfigureAwait(false);
            progress = progress with { Position = null, Completed = timeProvider.GetUtcNow().ToUnixTimeMilliseconds() };
        }
        finally
        {
            isRunning = false;
            await SaveAsync().ConfigureAwait(false);
            one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => one.Dispose();

    private async Task CheckAllAsync(CancellationToken cancellationToken)
    {
        long saved = timeProvider.GetTimestamp();
        await foreach (ChunkId id in chunks.EnumerateAsync(progress.Position, cancellationToken).ConfigureAwait(false))
        {
            await CheckAsync(id, cancellationToken).ConfigureAwait(false);
            if (timeProvider.GetElapsedTime(saved) >= SaveInterval)
            {
                await SaveAsync().ConfigureAwait(false);
                saved = timeProvider.GetTimestamp();
            }
        }
    }

    private async Task CheckAsync(ChunkId id, CancellationToken cancellationToken)
    {
        try
        {
            int length = await chunks.GetLengthAsync(id, cancellationToken).ConfigureAwait(false) ?? 0;
            if (rate is not null)
            {
                await rate.WaitAsync(length, cancellationToken).ConfigureAwait(false);
            }

            ChunkState state = await chunks.VerifyAsync(id, cancellationToken).ConfigureAwait(false);
            bool isChecked = state != ChunkState.Missing;
            progress = progress with
            {
                Position = id,
                Chunks = progress.Chunks + (isChecked ? 1 : 0),
                Bytes = progress.Bytes + (isChecked ? length : 0),
                Corrupt = progress.Corrupt + (state == ChunkState.Corrupt ? 1 : 0),
            };
        }
        catch (DfssException error)
        {
            // Unknown, for example without the right to read it. The other chunks can still be checked.
            log?.Invoke(
                string.Create(CultureInfo.InvariantCulture, $"The scrub could not check chunk {id}: {error.Message}"));
            progress = progress with { Position = id };
        }
    }

    /// <summary>A round that a stop or a failure interrupted continues at once; else it is a week after the
    /// last.</summary>
    private TimeSpan TimeToNextRound()
    {
        if (progress is not { Position: null, Completed: { } completed })
        {
            return TimeSpan.Zero;
        }

        TimeSpan rested = timeProvider.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(completed);
        // A clock that was set back must not make it rest for years.
        return rested < TimeSpan.Zero || rested > RestTime ? TimeSpan.Zero : RestTime - rested;
    }

    private async Task SaveAsync()
    {
        try
        {
            await (table?.SaveAsync(progress) ?? Task.CompletedTask).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            // The only cost is that some work is repeated after the next start.
            log?.Invoke($"The progress of the scrub could not be saved: {error.Message}");
        }
    }
}
