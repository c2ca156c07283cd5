using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>Clients that take too much: connections, requests, memory, numbers.</summary>
internal static class Floods
{
    private const int Connections = 10_000;

    /// <summary>Files that this process has besides.</summary>
    private const int OtherFiles = 2_000;

    private const int TcpLevel = 6;
    private const int TcpRepair = 19;

    private static readonly byte[] Unread = RandomNumberGenerator.GetBytes(DfssLimits.DefaultChunkSize);

    public static IReadOnlyList<AdversarialClient> All { get; } =
    [
        new("opens 10,000 connections", ConnectAsync) { IsPlainOnly = true, IsLong = true },
        new("leaves connections half open", HalfOpenAsync) { IsPlainOnly = true, IsLetIn = true, IsLong = true },
        new("asks find_missing without end", FindMissingAsync) { IsPlainOnly = true, IsLetIn = true },
        new("never reads its answers", NeverReadAsync) { IsLetIn = true, IsLong = true },
        new("sends huge counts and wrong lengths", MalformedAsync) { IsPlainOnly = true, IsLetIn = true },
    ];

    /// <summary>
    /// What can be open at once in this process: .NET raises its limit to what the system lets it have. Where that is
    /// less than 10,000 they come in waves.
    /// </summary>
    public static int ConnectionsAtOnce
    {
        get
        {
            string line = File.ReadLines("/proc/self/limits")
                .First(text => text.StartsWith("Max open files", StringComparison.Ordinal));
            string soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
            return long.TryParse(soft, CultureInfo.InvariantCulture, out long files)
                ? (int)Math.Clamp(files - OtherFiles, 100, Connections)
                : Connections;
        }
    }

    private static Task ConnectAsync(Attacker attacker)
    {
        // 40 at a time, from four addresses: as fast as two programs of a few threads get.
        const int Workers = 40;
        int atOnce = ConnectionsAtOnce;
        int opened = 0;
        return attacker.KeepAsync(Workers, async begun =>
        {
            Queue<Socket> open = new();
            for (int i = 0; i < Connections / Workers; i++)
            {
                if (open.Count == atOnce / Workers)
                {
                    open.Dequeue().Dispose();
                }

                open.Enqueue(await attacker.OpenAsync((byte)(2 + (Interlocked.Increment(ref opened) % 4))));
            }

            begun();
            while (!attacker.IsPersistent)
            {
                await Task.Delay(Timeout.Infinite, attacker.Token);
            }

            while (open.TryDequeue(out Socket? socket))
            {
                socket.Dispose();
            }
        });
    }

    /// <summary>
    /// The client vanishes without a word, as when its machine loses power: in repair mode, which takes rights, Linux
    /// forgets a connection without a notice to the peer. Without those rights the connection stays silent, which is
    /// the same to the peer.
    /// </summary>
    private static Task HalfOpenAsync(Attacker attacker) => attacker.KeepAsync(100, async begun =>
    {
        Socket socket = (await attacker.EnterAsync()).Socket;
        try
        {
            socket.SetRawSocketOption(TcpLevel, TcpRepair, BitConverter.GetBytes(1));
            socket.Dispose();
        }
        catch (SocketException)
        {
            // Not permitted.
        }

        begun();
        await Task.Delay(Timeout.Infinite, attacker.Token);
    });

    private static Task FindMissingAsync(Attacker attacker)
    {
        const int Ids = 1 << 17;
        const uint InFlight = 2;
        byte[] question = RandomNumberGenerator.GetBytes(Ids * ChunkId.SizeBytes);
        return attacker.KeepAsync(6, async begun =>
        {
            MessageChannel channel = (await attacker.EnterAsync()).Channel;
            for (uint id = 1; ; id++)
            {
                await channel.WriteAsync(
                    Message.Request(id, Operations.FindMissing, MessageMap.Empty), question, attacker.Token);
                begun();
                if (id > InFlight)
                {
                    (await channel.ReadAsync(attacker.Token))!.Dispose();
                }
            }
        });
    }

    private static async Task NeverReadAsync(Attacker attacker)
    {
        MessageMap named = new() { { "chunk_id", ChunkId.Of(Unread).ToByteArray() } };
        MessageChannel first = (await attacker.EnterAsync()).Channel;
        await first.WriteAsync(Message.Request(1, Operations.StoreChunk, named), Unread, attacker.Token);
        (await first.ReadAsync(attacker.Token))!.Dispose();

        // Its header is a few bytes short of the longest, and full of what takes most memory when it is decoded.
        MessageValue[] emptyMaps =
            [.. Enumerable.Repeat((MessageValue)MessageMap.Empty, DfssLimits.MaxHeaderBytes - 200)];
        MessageMap heavy =
            new() { { "chunk_id", ChunkId.Of(Unread).ToByteArray() }, { "x", MessageValue.From(emptyMaps) } };
        byte[] requests =
            [.. Enumerable.Range(1, DfssLimits.MaxRequestsInFlight - 1).SelectMany(id => MessageCodec.ToFrame(
                Message.Request((uint)id, Operations.GetChunk, id < DfssLimits.MaxRequestsInFlight / 2 ? named : heavy),
                payload: null))];
        await attacker.KeepAsync(100, async begun =>
        {
            (Socket socket, IConnection connection, _) = await attacker.EnterAsync(receiveBufferBytes: 4 << 10);
            Task sending = connection.SendAsync(requests, attacker.Token).AsTask();

            // Where the peer reads no more, it has done its worst.
            await Task.WhenAny(sending, Task.Delay(TimeSpan.FromSeconds(0.5), attacker.Token));
            begun();
            await attacker.HoldUnreadAsync(socket);
            await sending;
        });
    }

    private static Task MalformedAsync(Attacker attacker)
    {
        byte[][] frames = [.. Malformed.Select(Convert.FromHexString), .. TooMuch];
        return attacker.KeepAsync(8, async begun =>
        {
            foreach (byte[] bytes in frames)
            {
                (Socket socket, IConnection connection, _) = await attacker.EnterAsync();
                try
                {
                    await connection.SendAsync(bytes, attacker.Token);
                    socket.Shutdown(SocketShutdown.Send);
                    await attacker.HoldAsync(connection);
                }
                catch (Exception error) when (error is DfssException or SocketException)
                {
                    // Refused before all of it was sent.
                }

                socket.Dispose();
            }

            begun();
        });
    }

    /// <summary>Lengths and counts that are not so, each in a frame for a greeted connection.</summary>
    private static string[] Malformed { get; } =
    [
        "00000000",
        "00000001c0",
        "ffffffff",
        "01010001",
        "0101000094",
        "0000000c9401a470696e67ddffffffff",
        "0000000c9401a470696e67dfffffffff",
        "000000139401a470696e6781a161ddffffffffc0",
        "000000139401a470696e6781a161dbffffffffc0",
        "000000139401a470696e6781a161c6ffffffffc0",
        "0000000e9401a470696e6780c6ffffffff",
        "0000000e9401a470696e6780c601000001",
        "000000099401a470696e6780c0c0",
        "000000089401a470696e6780",
        "0000ffff9401a470696e6780c0",
    ];

    /// <summary>Well-formed requests for more than there may be.</summary>
    private static IEnumerable<byte[]> TooMuch =>
    [
        MessageCodec.ToFrame(
            Message.Request(1, Operations.FindMissing, MessageMap.Empty),
            new byte[((1 << 17) + 1) * ChunkId.SizeBytes]),
        MessageCodec.ToFrame(
            Message.Request(1, Operations.ListFiles, new MessageMap { { "limit", MessageValue.MaxInteger } }),
            payload: null),
        MessageCodec.ToFrame(
            Message.Request(
                1,
                Operations.StoreChunks,
                new MessageMap
                {
                    { "lengths", MessageValue.From([MessageValue.MaxInteger, MessageValue.MaxInteger]) }
                }),
            new byte[64]),
        MessageCodec.ToFrame(
            Message.Request(
                1,
                Operations.Prepare,
                new MessageMap { { "lengths", MessageValue.From([.. Enumerable.Repeat((MessageValue)1, 20_000)]) } }),
            new byte[20_000]),
        MessageCodec.ToFrame(
            Message.Request(
                1, Operations.GetChunk, new MessageMap { { "name", "x" }, { "index", MessageValue.MaxInteger } }),
            payload: null),
    ];
}
