using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>Whether something is to happen at this request.</summary>
internal delegate bool RequestFilter(string operation, MessageMap arguments, ReadOnlyMemory<byte> payload);

/// <summary>
/// A peer with a store in memory that stands still at a chosen request: it is received, told by <see cref="Reached"/>,
/// and never answered.
/// </summary>
internal sealed class HeldPeer : IAsyncDisposable
{
    private readonly DfssPeer store;
    private readonly PeerLink link;
    private readonly FakePeer front;
    private TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HeldPeer(DfssPeer store)
    {
        this.store = store;
        link = new PeerLink(StoreAddress, new ClientChannelOptions());
        front = new FakePeer(AnswerAsync) { StoreId = store.StoreId, BeforeHello = HoldHelloAsync };
        Front = new FaultProxy(front.Address, TimeProvider.System);
        front.AdvertisedAddresses = [Front.Address.ToString()];
    }

    /// <summary>What clients connect to.</summary>
    public PeerAddress Address => Front.Address;

    /// <summary>The same store, with nothing held.</summary>
    public PeerAddress StoreAddress => new("127.0.0.1", store.Port);

    /// <summary>The network before the peer.</summary>
    public FaultProxy Front { get; }

    /// <summary>Ends when a request is held.</summary>
    public Task Reached => reached.Task;

    /// <summary>Ends when no connection is open.</summary>
    public Task WhenDeserted => front.WhenDeserted;

    /// <summary>
    /// Which request is held; null for none. Of a get_chunks of several it is asked for each id, as if alone: one that
    /// is held is answered as not stored, for the others' sake, and the client asks for it again.
    /// </summary>
    public RequestFilter? Holds { get; set; }

    /// <summary>Which requests fail, with StoreFailed, as soon as another one is held.</summary>
    public RequestFilter? Fails { get; set; }

    /// <summary>Whether what <see cref="Fails"/> does so without waiting for another one.</summary>
    public bool FailsAtOnce { get; set; }

    /// <summary>Connections made so far.</summary>
    public int ConnectionsMade => front.Connections.Count;

    /// <summary>Called when a request is held.</summary>
    public Action? OnHeld { get; set; }

    /// <summary>The operations asked for so far, each once.</summary>
    public HashSet<string> Operations { get; } = [];

    public static async Task<HeldPeer> StartAsync() =>
        new(await DfssPeer.StartAsync(new PeerOptions { Port = 0, Address = "127.0.0.1" }));

    /// <summary>Holds nothing any more, and can be told to hold again.</summary>
    public void Release()
    {
        Holds = null;
        Fails = null;
        OnHeld = null;
        reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Front.Resume();
    }

    public async ValueTask DisposeAsync()
    {
        await Front.DisposeAsync();
        await front.DisposeAsync();
        await link.DisposeAsync();
        await store.DisposeAsync();
    }

    private static ReadOnlyMemory<byte>? NilIfEmpty(ReadOnlyMemory<byte> payload) =>
        payload.IsEmpty ? (ReadOnlyMemory<byte>?)null : payload;

    private static ChunkId[] IdsIn(ReadOnlyMemory<byte> payload) =>
        [.. Enumerable.Range(0, payload.Length / ChunkId.SizeBytes)
            .Select(i => new ChunkId(payload.Span.Slice(i * ChunkId.SizeBytes, ChunkId.SizeBytes)))];

    private ChunkId[] HeldOf(string operation, MessageMap arguments, ReadOnlyMemory<byte> payload) =>
        operation == Protocol.Operations.GetChunks && Holds is { } holds
            ? [.. IdsIn(payload).Where(id => holds(operation, arguments, id.ToByteArray()))]
            : [];

    private async Task<(DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload)?> AnswerOthersAsync(
        Message request, ReadOnlyMemory<byte> payload, ChunkId[] held, CancellationToken cancellationToken)
    {
        ChunkId[] asked = IdsIn(payload);
        byte[] others = [.. asked.Except(held).SelectMany(id => id.ToByteArray())];
        PeerCall call = new(request.Operation!, request.Map, others, Destination: null, IsBulk: false);
        using Response response = await link.CallAsync(call, cancellationToken);
        Queue<MessageValue> lengths = new(response.Results.Required("lengths").AsArray());
        MessageMap results = new()
        {
            { "lengths",
                MessageValue.From([.. asked.Select(id => held.Contains(id) ? MessageValue.Nil : lengths.Dequeue())]) }
        };
        return (DfssErrorCode.None, results, response.Payload.ToArray());
    }

    private Task HoldHelloAsync(CancellationToken cancellationToken)
    {
        if (Holds?.Invoke(Protocol.Operations.Hello, MessageMap.Empty, default) != true)
        {
            return Task.CompletedTask;
        }

        reached.TrySetResult();
        return Task.Delay(Timeout.Infinite, cancellationToken);
    }

    private async ValueTask<(DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload)?> AnswerAsync(
        Message request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        string operation = request.Operation!;
        lock (Operations)
        {
            Operations.Add(operation);
        }

        if (Fails?.Invoke(operation, request.Map, payload) == true)
        {
            await (FailsAtOnce ? Task.CompletedTask : Reached.WaitAsync(cancellationToken));
            return (DfssErrorCode.StoreFailed,
                ErrorAnswer.ToMap(new DfssException(DfssErrorCode.StoreFailed, "Broken."), chunkId: null), null);
        }

        ChunkId[] held = HeldOf(operation, request.Map, payload);
        if (held.Length > 0 && held.Length * ChunkId.SizeBytes < payload.Length)
        {
            return await AnswerOthersAsync(request, payload, held, cancellationToken);
        }

        if (held.Length > 0 || Holds?.Invoke(operation, request.Map, payload) == true)
        {
            OnHeld?.Invoke();
            reached.TrySetResult();
            return null;
        }

        try
        {
            PeerCall call = new(operation, request.Map, NilIfEmpty(payload), Destination: null, IsBulk: false);
            using Response response = await link.CallAsync(call, cancellationToken);
            return (DfssErrorCode.None, response.Results, NilIfEmpty(response.Payload.ToArray()));
        }
        catch (DfssException exception)
        {
            return (exception.Code, ErrorAnswer.ToMap(exception, chunkId: null), null);
        }
    }
}
