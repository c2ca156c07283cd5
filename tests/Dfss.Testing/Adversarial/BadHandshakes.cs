using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>
/// Attacks with TLS handshakes: recorded ones of other clients, in another order, and with unknown certificates.
/// </summary>
internal static class BadHandshakes
{
    private const int RecordHeaderBytes = 5;

    private const int Connections = 16;

    public static IReadOnlyList<AdversarialClient> All { get; } =
    [
        new("replays an honest handshake", attacker => ReplayAsync(attacker, records => [[.. records]]))
        {
            NeedsTls = true,
            IsLong = true
        },
        new("sends the parts of a handshake in another order", attacker => ReplayAsync(attacker, Reorder))
        {
            NeedsTls = true,
            IsLong = true
        },
        new("makes handshakes with a certificate of an unknown authority", HandshakesAsync)
        {
            NeedsTls = true,
            IsLong = true
        },
    ];

    /// <summary>What a client sends from its first byte to hello, in TLS records.</summary>
    public static async Task<List<byte[]>> RecordAsync(Attacker attacker)
    {
        RecordingConnection recording = new(
            new TcpConnection(await attacker.OpenAsync(), TcpConnection.ConnectedCloseLimit));
        TlsTransport transport = new(attacker.Peer.Identities!.Honest, TimeProvider.System, log: null);
        TlsConnection connection = transport.Connect(recording, "localhost");
        MessageChannel channel = await attacker.GreetAsync(connection);
        await channel.DisposeAsync();
        List<byte[]> records = [];
        for (ReadOnlyMemory<byte> rest = recording.Sent.ToArray(); !rest.IsEmpty;)
        {
            int length = RecordHeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(rest.Span[3..]);
            records.Add(rest[..length].ToArray());
            rest = rest[length..];
        }

        return records;
    }

    private static async Task ReplayAsync(Attacker attacker, Func<List<byte[]>, List<List<byte[]>>> arrange)
    {
        List<List<byte[]>> arrangements = arrange(await RecordAsync(attacker));
        int next = 0;
        await attacker.KeepAsync(Connections, async begun =>
        {
            foreach (List<byte[]> records in arrangements.Skip(Interlocked.Increment(ref next) % arrangements.Count)
                .Concat(arrangements))
            {
                await TryAsync(attacker, records);
            }

            begun();
        });
    }

    private static List<List<byte[]>> Reorder(List<byte[]> records)
    {
        List<byte[]> reversed = [.. Enumerable.Reverse(records)];
        List<byte[]> twice = [.. records.SelectMany(record => new[] { record, record })];
        List<byte[]> swapped = [records[0], .. Enumerable.Reverse(records.Skip(1))];
        return [reversed, twice, swapped, [.. records.Skip(1)], [records[^1]], [records[0], records[0]],
            [records[0], records[^1]]];
    }

    private static async Task TryAsync(Attacker attacker, List<byte[]> records)
    {
        using Socket socket = await attacker.OpenAsync();
        TcpConnection connection = new(socket, TcpConnection.ConnectedCloseLimit);
        try
        {
            foreach (byte[] record in records)
            {
                await connection.SendAsync(record, attacker.Token);
            }

            // A client that waits for more is not waited for: the next one connects.
            socket.Shutdown(SocketShutdown.Send);
            await attacker.HoldAsync(connection);
        }
        catch (Exception error) when (error is DfssException or SocketException)
        {
            // Refused.
        }
    }

    private static Task HandshakesAsync(Attacker attacker)
    {
        TlsTransport transport = new(attacker.Peer.Identities!.Untrusted, TimeProvider.System, log: null);
        return attacker.KeepAsync(Connections, async begun =>
        {
            for (int i = 0; i < 4; i++)
            {
                using Socket socket = await attacker.OpenAsync();
                TlsConnection connection = transport.Connect(
                    new TcpConnection(socket, TcpConnection.ConnectedCloseLimit), "localhost");
                try
                {
                    await attacker.GreetAsync(connection);
                    throw new InvalidOperationException(
                        "A client of an authority that the peer does not trust was admitted.");
                }
                catch (DfssException)
                {
                    // Refused, or pushed out.
                }
            }

            begun();
        });
    }

    /// <summary>Keeps what goes through it to the peer.</summary>
    private sealed class RecordingConnection(IConnection inner) : IConnection
    {
        public List<byte> Sent { get; } = [];

        public string RemoteAddress => inner.RemoteAddress;

        public IPEndPoint? RemoteEndpoint => inner.RemoteEndpoint;

        public ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
            inner.ReceiveAsync(destination, cancellationToken);

        public ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
        {
            Sent.AddRange(source.Span);
            return inner.SendAsync(source, cancellationToken);
        }

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
