using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>What a fake peer answers: a status, results and a payload; null is no answer at all.</summary>
internal delegate ValueTask<(DfssErrorCode Status, MessageMap Results, ReadOnlyMemory<byte>? Payload)?> FakeHandler(
    Message request, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);

/// <summary>
/// A peer of a few lines over real TCP: says hello, and answers everything else as its handler says, each request on
/// its own task. For tests of the client's side alone.
/// </summary>
internal sealed class FakePeer : IAsyncDisposable
{
    private readonly IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
    private readonly CancellationTokenSource stop = new();
    private readonly FakeHandler handler;
    private readonly Task accepting;
    private readonly List<Task> sessions = [];
    private readonly List<Task> readings = [];

    public FakePeer(FakeHandler handler)
    {
        this.handler = handler;
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public PeerAddress Address => new("127.0.0.1", listener.Endpoints[0].Port);

    /// <summary>Said in hello; another one from the next connection on when it is set.</summary>
    public StoreId StoreId { get; set; } = StoreId.Create();

    /// <summary>Said in hello: where it can be found; null for where it listens.</summary>
    public IReadOnlyList<string>? AdvertisedAddresses { get; set; }

    /// <summary>Said in hello.</summary>
    public HelloLimits Limits { get; set; } = HelloLimits.Default;

    /// <summary>The versions it speaks.</summary>
    public IReadOnlyList<int> Versions { get; set; } = Handshake.SupportedVersions;

    /// <summary>Told what a client said in hello.</summary>
    public Action<HelloRequest>? Hello { get; init; }

    /// <summary>Awaited before hello is answered.</summary>
    public Func<CancellationToken, Task>? BeforeHello { get; set; }

    /// <summary>Ends when no connection is open.</summary>
    public Task WhenDeserted
    {
        get
        {
            lock (Connections)
            {
                return Task.WhenAll(readings);
            }
        }
    }

    /// <summary>Connections open now and before, the newest last.</summary>
    public List<MessageChannel> Connections { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await accepting;
        await listener.DisposeAsync();
        await Task.WhenAll(sessions);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                IConnection connection = await listener.AcceptAsync(stop.Token);
                MessageChannel channel = new(
                    connection, new PayloadPool(DfssLimits.PayloadBudgetBytes), ChannelOptions.Default);
                TaskCompletionSource read = new(TaskCreationOptions.RunContinuationsAsynchronously);
                lock (Connections)
                {
                    Connections.Add(channel);
                    readings.Add(read.Task);
                }

                sessions.Add(ServeAsync(channel, read));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(MessageChannel channel, TaskCompletionSource read)
    {
        List<Task> answers = [];
        try
        {
            while (await channel.ReadAsync(stop.Token) is { } request)
            {
                answers.Add(request.Message.Operation == Operations.Hello
                    ? GreetAsync(channel, request)
                    : AnswerAsync(channel, request));
            }
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            channel.Abort();
        }

        read.SetResult();
        await Task.WhenAll(answers);
        await channel.DisposeAsync();
    }

    private async Task GreetAsync(MessageChannel channel, ReceivedMessage request)
    {
        using ReceivedMessage owned = request;
        if (BeforeHello is { } before)
        {
            await before(stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Message answer;
        try
        {
            HelloRequest said = HelloRequest.FromMap(request.Message.Map);
            Hello?.Invoke(said);
            int version = Handshake.Negotiate(said.Versions, Versions);
            HelloAnswer hello = new(
                version, "fake/1", StoreId, AdvertisedAddresses ?? [Address.ToString()], [], Limits);
            answer = Message.Answer(request.Message.Id, DfssErrorCode.None, hello.ToMap());
        }
        catch (DfssException exception)
        {
            MessageMap results = new()
            {
                { "message", exception.Message },
                { "retryable", false },
                { "versions", Handshake.ToArray(Versions) },
            };
            answer = Message.Answer(request.Message.Id, exception.Code, results);
        }

        channel.MaxBodyBytes = DfssLimits.MaxFrameBytes;
        try
        {
            await channel.WriteAsync(answer, payload: null, stop.Token);
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            // The client has gone, which some tests want.
            channel.Abort();
        }
    }

    private async Task AnswerAsync(MessageChannel channel, ReceivedMessage request)
    {
        using ReceivedMessage owned = request;
        try
        {
            if (await handler(request.Message, request.Payload?.Memory ?? default, stop.Token) is { } answer)
            {
                Message message = Message.Answer(request.Message.Id, answer.Status, answer.Results);
                await channel.WriteAsync(message, answer.Payload, stop.Token);
            }
        }
        catch (Exception exception) when (exception is DfssException or OperationCanceledException)
        {
            // The client has gone, which some tests want.
            channel.Abort();
        }
    }
}
