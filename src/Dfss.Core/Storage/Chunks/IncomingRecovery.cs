using System.Buffers;

namespace Dfss.Storage;

/// <summary>What a start leaves for the background: the files that a crash left in incoming/, and the counting of the
/// chunk folders. A left file counts as absent until it has been read, found to be the chunk its name says, and put
/// again like any other; then it is deleted, as is one that is not. It is rewritten and not synced in its place: its
/// pages may have failed to reach the disk while the process before still lived, and be in the cache only.</summary>
internal sealed class IncomingRecovery(
    StoreLayout layout, DurableFile files, ILocalChunkStore store, IncomingChunks incoming, ChunkFolders folders,
    SmallChunkTable small, LocalStoreOptions options) : IAsyncDisposable
{
    /// <summary>1 h: what stops it, a folder that cannot be read for example, needs an operator.</summary>
    private static readonly TimeSpan MaxPause = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource firstPass = NewSource();
    private TaskCompletionSource counted = NewSource();
    private DatabaseSession? snapshot;
    private Task running = Task.CompletedTask;

    /// <summary>Ends when the first pass has ended; fails as it did, and the work is then tried again.</summary>
    public Task Completion => firstPass.Task;

    /// <summary>Ends when all that was there at the start has been counted. Fails when the count did; the next try has
    /// another task.</summary>
    public Task Counted => Volatile.Read(ref counted).Task;

    /// <summary>The work, and how it is getting on.</summary>
    public BackgroundTask Work { get; } = new("Recovery of the store", MaxPause, options.TimeProvider, options.Log);

    /// <summary>Begins.</summary>
    public void Start()
    {
        snapshot = small.BeginCount();
        running = Work.RunAsync(PassAsync, firstWait: TimeSpan.Zero, stop.Token);
    }

    /// <summary>Stops; what is not done is left to the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        firstPass.TrySetCanceled(stop.Token);
        counted.TrySetCanceled(stop.Token);
        snapshot?.Dispose();
        stop.Dispose();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<TimeSpan?> PassAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!Counted.IsCompletedSuccessfully)
            {
                CountAll(cancellationToken);
            }

            // Only then: what is left may be put again only where it is known to fit.
            foreach (string path in Directory.EnumerateFiles(layout.Incoming)
                .Where(path => !incoming.IsOwn(path)).ToList())
            {
                cancellationToken.ThrowIfCancellationRequested();
                await RecoverAsync(path, cancellationToken).ConfigureAwait(false);
            }

            firstPass.TrySetResult();
            return null;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            DfssException error = exception as DfssException ?? StoreErrors.From(exception, layout.Root);
            Fail(firstPass, error);
            if (StoreErrors.IsOfMedium(exception))
            {
                throw error;
            }

            throw;
        }
    }

    private void CountAll(CancellationToken cancellationToken)
    {
        if (Counted.IsFaulted)
        {
            Volatile.Write(ref counted, NewSource());
        }

        try
        {
            if (snapshot is { } rows)
            {
                // First: while it is held, the database's log cannot shrink.
                small.CountRows(rows, cancellationToken);
                rows.Dispose();
                snapshot = null;
            }

            for (int i = 0; i < StoreLayout.ChunkFolderCount; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                folders.CountFolder(i);
            }

            counted.SetResult();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Fail(counted, StoreErrors.Failed(layout.Root, exception));
            throw;
        }
    }

    /// <summary>A waiting caller learns it; there may be none.</summary>
    private static void Fail(TaskCompletionSource source, DfssException error)
    {
        source.TrySetException(error);
        _ = source.Task.Exception;
    }

    private async Task RecoverAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        if (ChunkId.TryParse(file.Name.Split('.')[0], out ChunkId id) && file.Length <= DfssLimits.MaxPayloadBytes)
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent((int)file.Length);
            try
            {
                Memory<byte> content = buffer.AsMemory(0, (int)file.Length);
                using (FileStream stream = file.OpenRead())
                {
                    await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
                }

                if (ChunkId.Of(content.Span) == id)
                {
                    await PutAgainAsync(id, content, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        files.Delete(path);
    }

    private async Task PutAgainAsync(ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        try
        {
            await store.PutAsync(id, content, cancellationToken).ConfigureAwait(false);
            await store.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.StoreFull)
        {
            // No client was promised it, and it is absent; its deletion frees space.
        }
    }
}
