using System.Security.Cryptography;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Transport;

/// <summary>How many writes TLS makes on the connection below it.</summary>
public sealed class TlsConnectionTests : IDisposable
{
    private readonly TestAuthority authority = new();

    public void Dispose() => authority.Dispose();

    /// <summary>A frame's header and the first piece of its payload go in one packet where they fit into it.</summary>
    [Theory]
    [InlineData(100, 0, 1)]
    [InlineData(100, 10_000, 1)]
    [InlineData(100, 256 << 10, 1)]
    [InlineData(0, 256 << 10, 1)]
    [InlineData(100, 1 << 20, 2)]
    [InlineData(40_000, 40_000, 1)]
    public async Task A_header_and_what_follows_it_are_one_write(int headerBytes, int restBytes, int writes)
    {
        byte[] sent = RandomNumberGenerator.GetBytes(headerBytes + restBytes);
        (MemoryConnection near, MemoryConnection far) = MemoryConnection.CreatePair(8 << 20);
        CountingConnection counted = new(near);
        TlsTransport own = new(authority.Identify(DfssRole.Writer), TimeProvider.System, log: null);
        TlsTransport peer = new(authority.IdentifyPeer(StoreId.Create()), TimeProvider.System, log: null);
        await using IConnection client = own.Connect(counted, "peer");
        await using IConnection server = peer.Accept(far);
        Task<byte[]> first = ReceiveAsync(server, length: 1);
        await client.SendAsync(new byte[1], Token);
        await first;
        counted.Writes = 0;

        await client.SendAsync(sent.AsMemory(0, headerBytes), sent.AsMemory(headerBytes), Token);

        Assert.Equal(writes, counted.Writes);
        Assert.Equal(sent, await ReceiveAsync(server, sent.Length));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<byte[]> ReceiveAsync(IConnection connection, int length)
    {
        byte[] received = new byte[length];
        for (int count = 0; count < length;)
        {
            count += await connection.ReceiveAsync(received.AsMemory(count), Token);
        }

        return received;
    }

    /// <summary>Counts the sends.</summary>
    private sealed class CountingConnection(IConnection inner) : IConnection
    {
        public int Writes { get; set; }

        public string RemoteAddress => inner.RemoteAddress;

        public ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
            inner.ReceiveAsync(destination, cancellationToken);

        public ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
        {
            Writes++;
            return inner.SendAsync(source, cancellationToken);
        }

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
