using System.Buffers.Binary;
using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>
/// A peer that lies: between a client and a real peer, it forges some of the answers, answers twice or what was not
/// asked, says notices, sends frames that do not end, and breaks connections, from one seed.
/// </summary>
internal sealed class ForgingPeer : IAsyncDisposable
{
    private readonly IConnectionListener listener;
    private readonly Func<CancellationToken, Task<IConnection>> connect;
    private readonly AnswerForger forger;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentBag<Task> sessions = [];
    private readonly Task accepting;
    private int forged;

    /// <summary>Stands before a peer that serves every client, in plaintext.</summary>
    public ForgingPeer(PeerAddress target, int seed)
        : this(
            TcpTransport.Listen("127.0.0.1", 0),
            cancellationToken => TcpTransport.ConnectAsync(target, TimeSpan.FromSeconds(60), cancellationToken),
            seed)
    {
    }

    /// <param name="listener">What clients connect to; disposed with this.</param>
    /// <param name="connect">Connects to the real peer.</param>
    /// <param name="seed">What is forged, and how.</param>
    public ForgingPeer(IConnectionListener listener, Func<CancellationToken, Task<IConnection>> connect, int seed)
    {
        this.listener = listener;
        this.connect = connect;
        forger = new AnswerForger(seed);
        accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public PeerAddress Address => new("127.0.0.1", listener.Endpoints[0].Port);

    /// <summary>One answer of so many is forged; 0 for none.</summary>
    public int OneOf { get; set; } = 3;

    /// <summary>Answers forged so far.</summary>
    public int Forged => Volatile.Read(ref forged);

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
                sessions.Add(ServeAsync(await listener.AcceptAsync(stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(IConnection near)
    {
        try
        {
            await using IConnection far = await connect(stop.Token);
            PayloadPool pool = new(DfssLimits.PayloadBudgetBytes);
            ChannelOptions options = ChannelOptions.Default with { MaxBodyBytes = DfssLimits.MaxFrameBytes };
            await using MessageChannel client = new(near, pool, options);
            await using MessageChannel peer = new(far, pool, options);
            await Task.WhenAny(PassRequestsAsync(client, peer), PassAnswersAsync(peer, client, near));
            client.Abort();
            peer.Abort();
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException or ObjectDisposedException)
        {
            near.Abort();
        }
    }

    private async Task PassRequestsAsync(MessageChannel client, MessageChannel peer)
    {
        try
        {
            while (await client.ReadAsync(stop.Token) is { } request)
            {
                using ReceivedMessage owned = request;
                await peer.WriteAsync(request.Message, PayloadOf(request), stop.Token);
            }
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone: so does the other.
        }
    }

    private async Task PassAnswersAsync(MessageChannel peer, MessageChannel client, IConnection near)
    {
        try
        {
            while (await peer.ReadAsync(stop.Token) is { } answer)
            {
                using ReceivedMessage owned = answer;
                if (OneOf == 0 || forger.Below(OneOf) > 0)
                {
                    await client.WriteAsync(answer.Message, PayloadOf(answer), stop.Token);
                    continue;
                }

                Interlocked.Increment(ref forged);
                if (!await LieAsync(answer, client, near))
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException or ObjectDisposedException)
        {
            // One side has gone: so does the other.
        }
    }

    /// <returns>Whether the connection goes on.</returns>
    private async Task<bool> LieAsync(ReceivedMessage answer, MessageChannel client, IConnection near)
    {
        byte[]? payload = PayloadOf(answer)?.ToArray();
        switch (forger.Below(16))
        {
            case 0:
                return false;
            case 1:
                await client.WriteAsync(answer.Message, payload, stop.Token);
                await client.WriteAsync(answer.Message, payload, stop.Token);
                return true;
            case 2:
                await client.WriteAsync(answer.Message with { Id = (uint)forger.Below(1000) }, payload, stop.Token);
                await client.WriteAsync(answer.Message, payload, stop.Token);
                return true;
            case 3:
                await client.WriteAsync(
                    Message.Answer(id: null, (DfssErrorCode)forger.Below(60), answer.Message.Map), payload: null,
                    stop.Token);
                await client.WriteAsync(answer.Message, payload, stop.Token);
                return true;
            case 4:
                await SendRawAsync(answer.Message, payload, near);
                return false;
            default:
                (Message forgery, byte[]? forgedPayload) = forger.Forge(answer.Message, payload);
                await client.WriteAsync(forgery, forgedPayload, stop.Token);
                return true;
        }
    }

    /// <summary>A frame of which a byte is another one, or the length a lie, or half of one; then the end.</summary>
    private async Task SendRawAsync(Message answer, byte[]? payload, IConnection near)
    {
        byte[] frame = MessageCodec.ToFrame(answer, payload);
        switch (forger.Below(3))
        {
            case 0:
                BinaryPrimitives.WriteInt32BigEndian(frame, forger.Below(int.MaxValue));
                break;
            case 1:
                frame = frame[..forger.Below(frame.Length)];
                break;
            default:
                frame[Frame.PrefixBytes + forger.Below(Math.Min(200, frame.Length - Frame.PrefixBytes))] ^=
                    (byte)(1 << forger.Below(8));
                break;
        }

        await near.SendAsync(frame, stop.Token);
        await near.DisposeAsync();
    }

    private static ReadOnlyMemory<byte>? PayloadOf(ReceivedMessage message) =>
        message.PayloadBytes is null
            ? (ReadOnlyMemory<byte>?)null
            : message.Payload?.Memory[..message.PayloadBytes.Value] ?? default;
}
