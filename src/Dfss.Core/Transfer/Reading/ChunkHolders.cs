namespace Dfss.Transfer;

/// <summary>What a client remembers of the holders of chunks, over all its files.</summary>
internal sealed class ChunkHolders(TransferOptions options) : IAsyncDisposable
{
    public HolderHealth Health { get; } = new(options);

    public AbandonedRequests AbandonedRequests { get; } = new(options.TimeProvider);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => AbandonedRequests.DisposeAsync();
}
