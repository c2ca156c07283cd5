using System.Security.Cryptography;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

/// <summary>What <see cref="IConnection"/> promises, of every kind of connection.</summary>
public abstract class ConnectionContract : IAsyncLifetime
{
    private IConnection near = null!;
    private IConnection far = null!;

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract Task<(IConnection Near, IConnection Far)> ConnectAsync();

    public async ValueTask InitializeAsync() => (near, far) = await ConnectAsync();

    public async ValueTask DisposeAsync()
    {
        near.Abort();
        far.Abort();
        await near.DisposeAsync();
        await far.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    private protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(1)]
    [InlineData(16 << 10)]
    [InlineData((16 << 10) + 1)]
    [InlineData(5_000_001)]
    public async Task What_is_sent_arrives_both_ways_at_once(int length)
    {
        byte[] there = RandomNumberGenerator.GetBytes(length);
        byte[] back = RandomNumberGenerator.GetBytes(length);
        Task<byte[]> reading = ReadAsync(far, length);
        Task<byte[]> readingBack = ReadAsync(near, length);
        await Task.WhenAll(near.SendAsync(there, Token).AsTask(), far.SendAsync(back, Token).AsTask());
        Assert.Equal(there, await reading);
        Assert.Equal(back, await readingBack);
    }

    [Fact]
    public async Task Disposing_delivers_what_was_sent_and_then_the_end()
    {
        // A handshake has its end at the far side; one that is still on its way there would meet the close.
        await PassAsync(far, near);
        byte[] sent = RandomNumberGenerator.GetBytes(100_000);
        Task<byte[]> reading = ReadAsync(far, sent.Length);
        await near.SendAsync(sent, Token);
        Task closing = near.DisposeAsync().AsTask();
        Assert.Equal(sent, await reading);
        Assert.Equal(0, await far.ReceiveAsync(new byte[1], Token));
        await far.DisposeAsync();
        await closing;
    }

    [Fact]
    public async Task A_receive_that_was_cancelled_takes_nothing_of_what_comes_next()
    {
        await PassAsync(near, far);
        using CancellationTokenSource cancelled = new();
        Task<int> waiting = far.ReceiveAsync(new byte[10], cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await PassAsync(near, far);
        await PassAsync(far, near);
    }

    [Fact]
    public async Task Aborting_fails_what_is_under_way_on_both_sides_and_may_be_repeated()
    {
        await PassAsync(near, far);
        Task<int> here = near.ReceiveAsync(new byte[1], Token).AsTask();
        Task<int> there = far.ReceiveAsync(new byte[1], Token).AsTask();
        near.Abort();
        near.Abort();
        Assert.Equal(DfssErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DfssException>(() => here)).Code);
        Assert.Equal(DfssErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DfssException>(() => there)).Code);
        DfssException later = await Assert.ThrowsAsync<DfssException>(
            () => near.SendAsync(new byte[1], Token).AsTask());
        Assert.Equal(DfssErrorCode.PeerUnreachable, later.Code);
    }

    [Fact]
    public async Task Aborting_fails_a_send_that_waits_for_the_other_side()
    {
        await PassAsync(near, far);
        Task sending = near.SendAsync(new byte[64 << 20], Token).AsTask();
        near.Abort();
        Assert.Equal(DfssErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DfssException>(() => sending)).Code);
    }

    private protected static async Task PassAsync(IConnection from, IConnection to)
    {
        Task<byte[]> reading = ReadAsync(to, 3);
        await from.SendAsync(new byte[] { 1, 2, 3 }, Token);
        Assert.Equal([1, 2, 3], await reading);
    }

    private static async Task<byte[]> ReadAsync(IConnection connection, int length)
    {
        byte[] bytes = new byte[length];
        for (int filled = 0; filled < length;)
        {
            int received = await connection.ReceiveAsync(bytes.AsMemory(filled), Token);
            Assert.NotEqual(0, received);
            filled += received;
        }

        return bytes;
    }
}

public sealed class MemoryConnectionTests : ConnectionContract
{
    private protected override Task<(IConnection Near, IConnection Far)> ConnectAsync()
    {
        (MemoryConnection client, MemoryConnection server) = MemoryConnection.CreatePair();
        return Task.FromResult<(IConnection, IConnection)>((client, server));
    }
}

public sealed class TcpConnectionTests : ConnectionContract
{
    private protected override Task<(IConnection Near, IConnection Far)> ConnectAsync() => ConnectTcpAsync();

    internal static async Task<(IConnection Near, IConnection Far)> ConnectTcpAsync()
    {
        await using IConnectionListener listener = TcpTransport.Listen("127.0.0.1", 0);
        PeerAddress address = new("127.0.0.1", listener.Endpoints[0].Port);
        IConnection near = await TcpTransport.ConnectAsync(address, TimeSpan.FromSeconds(60), Token);
        return (near, await listener.AcceptAsync(Token));
    }
}

/// <summary>Over memory that hands out odd pieces, so that TLS records are split.</summary>
public sealed class TlsOverMemoryTests : TlsContract
{
    private protected override Task<(IConnection Near, IConnection Far)> ConnectInnerAsync()
    {
        (MemoryConnection client, MemoryConnection server) = MemoryConnection.CreatePair();
        client.MaxReceiveBytes = 1021;
        server.MaxReceiveBytes = 4093;
        return Task.FromResult<(IConnection, IConnection)>((client, server));
    }
}

public sealed class TlsOverTcpTests : TlsContract
{
    private protected override Task<(IConnection Near, IConnection Far)> ConnectInnerAsync() =>
        TcpConnectionTests.ConnectTcpAsync();
}

public abstract class TlsContract : ConnectionContract
{
    private readonly TestAuthority authority = new();

    private protected abstract Task<(IConnection Near, IConnection Far)> ConnectInnerAsync();

    private protected override async Task<(IConnection Near, IConnection Far)> ConnectAsync()
    {
        (IConnection near, IConnection far) = await ConnectInnerAsync();
        TlsTransport client = new(authority.Identify(DfssRole.Admin), TimeProvider.System, log: null);
        TlsTransport server = new(authority.IdentifyPeer(StoreId.Create()), TimeProvider.System, log: null);
        return (client.Connect(near, "127.0.0.1"), server.Accept(far));
    }

    private protected override ValueTask CleanUpAsync()
    {
        authority.Dispose();
        return ValueTask.CompletedTask;
    }
}
