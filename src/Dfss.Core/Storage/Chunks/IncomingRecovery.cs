using System.Buffers;

namespace Dfss.Storage;

/// <summary>
/// What a start leaves for the background: the files that a crash left in incoming/, and the counting of the chunk
/// folders. A left file counts as
/// absent until it has been read, found to be the chunk its name says, and put again like any other; then it is
/// deleted, as is one that is not. It is
/// rewritten and not synced in its place: its pages may have failed to reach the disk while the process before still
/// lived, and be in the cache only.
/// </summary>
internal sealed class IncomingRecovery(
    StoreLayout layout, DurableFile files, ILocalChunkStore store, IncomingChunks incoming, ChunkFolders folders,
    SmallChunkTable small) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource counted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when everything left has been dealt with; fails as the disk does.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Ends when all that was there at the start has been counted; fails as the disk does.</summary>
    public Task Counted => counted.Task;

    /// <summary>Begins. A failure is logged too, as nobody may wait for the end; what was left is left to the next
    /// start.</summary>
    public void Start(Action<string>? log) => Completion = RunAsync(small.BeginCount(), log, stop.Token);

    /// <summary>Stops; what is not done is left to the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task RunAsync(DatabaseSession snapshot, Action<string>? log, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            CountAll(snapshot, cancellationToken);
            // Only then: what is left may be put again only where it is known to fit.
            foreach (string path in Directory.EnumerateFiles(layout.Incoming).Where(path => !incoming.IsOwn(path)).ToList())
            {
                cancellationToken.ThrowIfCancellationRequested();
                await RecoverAsync(path, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (StoreErrors.IsOfMedium(exception))
        {
            log?.Invoke($"What a crash left in '{layout.Incoming}' could not be dealt with: {exception.Message}");
            throw StoreErrors.From(exception, layout.Root);
        }
        catch (DfssException exception)
        {
            log?.Invoke($"What a crash left in '{layout.Incoming}' could not be dealt with: {exception.Message}");
            throw;
        }
    }

    private void CountAll(DatabaseSession snapshot, CancellationToken cancellationToken)
    {
        using DatabaseSession held = snapshot;
        try
        {
            for (int i = 0; i < StoreLayout.ChunkFolderCount; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                folders.CountFolder(i);
            }

            small.CountRows(snapshot, cancellationToken);
            counted.SetResult();
        }
        catch (OperationCanceledException)
        {
            counted.SetCanceled(cancellationToken);
            throw;
        }
        catch (Exception exception)
        {
            // Whoever must know that there is room learns it; maybe nobody must.
            counted.SetException(StoreErrors.Failed(layout.Root, exception));
            _ = counted.Task.Exception;
            throw;
        }
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
            // Nobody was promised it, and it is absent; its deletion makes room.
        }
    }
}
