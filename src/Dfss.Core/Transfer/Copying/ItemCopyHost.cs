using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// The other side of a copy: a peer in memory, for one copy. It answers calls that come through a session, and, when
/// such a call asks for it, listens for direct connections too. It has no store, no settings and no files of its own.
/// </summary>
public sealed class ItemCopyHost : IAsyncDisposable
{
    /// <summary>
    /// 90 s: the client is heard every 15 s as long as it runs. A host that hears nothing listens no longer.
    /// </summary>
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(90);

    /// <summary>48 MiB, as a client has for its chunks.</summary>
    internal const long BufferBytes = 48 << 20;

    private readonly PinnedTls tls = new();
    private readonly ItemServer server;
    private readonly TimeProvider clock;
    private readonly ITimer watch;
    private readonly SemaphoreSlim turn = new(1, 1);
    private ItemListener? listener;
    private long lastHeard;
    private int answering;

    /// <summary>Makes a host. It does not listen yet.</summary>
    public ItemCopyHost()
        : this(TimeProvider.System)
    {
    }

    internal ItemCopyHost(TimeProvider clock)
    {
        this.clock = clock;
        ChunkBuffers buffers = CreateBuffers();
        server = new ItemServer(new LocalItemSource(buffers), new LocalItemTarget(buffers));
        lastHeard = clock.GetTimestamp();
        watch = clock.CreateTimer(
            static state => _ = ((ItemCopyHost)state!).WatchAsync(), this, SilenceLimit / 3, SilenceLimit / 3);
    }

    /// <summary>Whether it listens for direct connections.</summary>
    public bool IsListening => listener is not null;

    /// <summary>
    /// Makes a host for a script that has loaded this assembly into a load context of its own, where copies one after
    /// another use it. The script sees no type of this assembly, so that a module of another version stays apart.
    /// </summary>
    /// <returns>
    /// A <c>Func&lt;byte[], byte[]&gt;</c> that answers a call, and an <c>Action</c> that ends the host.
    /// </returns>
    public static Delegate[] Open()
    {
        ItemCopyHost host = new();
        return
        [
            new Func<byte[], byte[]>(frame => host.AnswerAsync(frame).GetAwaiter().GetResult()),
            new Action(() => host.DisposeAsync().AsTask().GetAwaiter().GetResult()),
        ];
    }

    /// <summary>Answers one call that came through the session.</summary>
    /// <param name="frame">The call.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The answer.</returns>
    public async Task<byte[]> AnswerAsync(byte[] frame, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(frame);
        Interlocked.Increment(ref answering);
        try
        {
            return await AnswerFrameAsync(frame, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Hear();
            Interlocked.Decrement(ref answering);
        }
    }

    /// <summary>Ends all connections, and closes all files. The chunks of files that are not whole stay.</summary>
    public async ValueTask DisposeAsync()
    {
        await watch.DisposeAsync().ConfigureAwait(false);
        await StopListeningAsync().ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
        tls.Dispose();
    }

    /// <summary>The memory for the chunks that one side has in flight.</summary>
    internal static ChunkBuffers CreateBuffers() => new(new PayloadPool(BufferBytes), ItemCopyClient.ChunksAtOnce);

    /// <summary>The addresses of this machine that another one may reach.</summary>
    private static IEnumerable<MessageValue> FindAddresses() =>
        from network in NetworkInterface.GetAllNetworkInterfaces()
        where network.OperationalStatus == OperationalStatus.Up
            && network.NetworkInterfaceType != NetworkInterfaceType.Loopback
        from address in network.GetIPProperties().UnicastAddresses
        where address.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            && !address.Address.IsIPv6LinkLocal
        select (MessageValue)address.Address.ToString();

    private async Task<byte[]> AnswerFrameAsync(byte[] frame, CancellationToken cancellationToken)
    {
        (Message request, ReadOnlyMemory<byte> payload) = ItemFrames.Read(frame);
        if (request.Operation == ItemOperations.Listen)
        {
            return MessageCodec.ToFrame(
                await ListenAsync(request, cancellationToken).ConfigureAwait(false), payload: null);
        }

        using ItemAnswer answer = await server.AnswerAsync(request, payload, cancellationToken).ConfigureAwait(false);
        return MessageCodec.ToFrame(answer.Message, answer.Payload);
    }

    private async Task<Message> ListenAsync(Message request, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (listener is null)
            {
                tls.Pin(request.Map.Required("certificate").AsBinary());
                listener = new ItemListener(TcpTransport.Listen("*", port: 0), tls, server, Hear);
            }

            return Message.Answer(request.Id, DfssErrorCode.None, new MessageMap
            {
                { "certificate", tls.Certificate },
                { "port", listener.Port },
                { "machine", Environment.MachineName },
                { "addresses", MessageValue.From([.. FindAddresses()]) },
            });
        }
        catch (DfssException failure)
        {
            return ErrorAnswer.Create(request.Id, failure);
        }
        catch (NetworkInformationException error)
        {
            return ErrorAnswer.Create(request.Id, new DfssException(DfssErrorCode.AddressUnavailable, error.Message));
        }
        finally
        {
            turn.Release();
        }
    }

    private void Hear() => Volatile.Write(ref lastHeard, clock.GetTimestamp());

    private async Task WatchAsync()
    {
        // While a call that came through the session is answered, the next ones wait behind it.
        if (Volatile.Read(ref answering) == 0
            && clock.GetElapsedTime(Volatile.Read(ref lastHeard)) >= SilenceLimit)
        {
            await StopListeningAsync().ConfigureAwait(false);
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task StopListeningAsync()
    {
        await turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (listener is { } open)
            {
                listener = null;
                await open.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            turn.Release();
        }
    }
}
