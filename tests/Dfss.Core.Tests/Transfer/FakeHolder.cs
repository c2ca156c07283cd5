using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Testing;

namespace Dfss.Tests.Transfer;

/// <summary>
/// A peer that holds given chunks, counts what it is asked for, and answers late, wrong or not at all as it is told.
/// </summary>
internal sealed class FakeHolder : IAsyncDisposable
{
    private readonly IReadOnlyDictionary<ChunkId, byte[]> chunks;
    private readonly FakePeer peer;
    private bool isDisposed;

    public FakeHolder(IReadOnlyDictionary<ChunkId, byte[]> chunks)
    {
        this.chunks = chunks;
        peer = new FakePeer(AnswerAsync);
    }

    public PeerAddress Address => peer.Address;

    public HomeMember Member => new(peer.StoreId, [Address.ToString()]);

    /// <summary>The chunks asked for, each time, the manifest too.</summary>
    public ConcurrentQueue<ChunkId> Asked { get; } = [];

    /// <summary>The chunks it was asked to look at.</summary>
    public ConcurrentQueue<ChunkId> Verified { get; } = [];

    /// <summary>Awaited before a chunk is given.</summary>
    public Func<ChunkId, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What is given of a chunk; null for what is stored.</summary>
    public Func<ChunkId, byte[]?>? Instead { get; set; }

    public static Task Forever(ChunkId id, CancellationToken token) => Task.Delay(Timeout.Infinite, token);

    /// <summary>Ends when no connection is open.</summary>
    public Task WhenDeserted => peer.WhenDeserted;

    /// <summary>How often this chunk was asked for.</summary>
    public int CountOf(ChunkId id) => Asked.Count(asked => asked == id);

    public async ValueTask DisposeAsync()
    {
        // A test may end it before its file does.
        if (!isDisposed)
        {
            isDisposed = true;
            await peer.DisposeAsync();
        }
    }

    private async ValueTask<(DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload)?> AnswerAsync(
        Message request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        switch (request.Operation)
        {
            case Operations.GetChunk:
                return await GiveAsync(
                    new ChunkId(request.Map.Required("chunk_id").AsBinary()), cancellationToken) is { } one
                    ? (DfssErrorCode.None, [], one)
                    : (DfssErrorCode.ChunkNotFound, [], null);
            case Operations.GetChunks:
                List<byte[]?> given = [];
                for (int i = 0; i < payload.Length; i += ChunkId.SizeBytes)
                {
                    given.Add(
                        await GiveAsync(new ChunkId(payload.Span.Slice(i, ChunkId.SizeBytes)), cancellationToken));
                }

                MessageValue lengths = MessageValue.From(
                    [.. given.Select(content => content is null ? MessageValue.Nil : content.Length)]);
                return (DfssErrorCode.None, new() { { "lengths", lengths } },
                    given.SelectMany(content => content ?? []).ToArray());
            case Operations.VerifyChunk:
                Verified.Enqueue(new ChunkId(request.Map.Required("chunk_id").AsBinary()));
                return (DfssErrorCode.None, new() { { "state", 2 } }, null);
            default:
                return (DfssErrorCode.None, [], null);
        }
    }

    private async Task<byte[]?> GiveAsync(ChunkId id, CancellationToken cancellationToken)
    {
        Asked.Enqueue(id);
        await Before(id, cancellationToken);
        return Instead?.Invoke(id) ?? chunks.GetValueOrDefault(id);
    }
}
