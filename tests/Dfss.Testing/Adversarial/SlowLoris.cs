using System.Net.Sockets;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>Clients that begin something and do not finish it, at each stage of a connection.</summary>
internal static class SlowLoris
{
    /// <summary>As many as one identity may have, nearly.</summary>
    private const int Guests = 100;

    // Before the adversaries, which are made of them.
    private static byte[] HelloFrame { get; } =
        MessageCodec.ToFrame(Message.Request(0, Operations.Hello, Attacker.Hello), payload: null);

    /// <summary>Its map announces more than it will ever hold.</summary>
    private static byte[] EndlessHello { get; } = Convert.FromHexString("000010009400a568656c6c6fdf000000ff");

    /// <summary>A chunk of 16 MiB is announced, and 64 KiB of it come.</summary>
    private static byte[] StoreFrame { get; } = MessageCodec.ToFrame(
        Message.Request(1, Operations.StoreChunk, new MessageMap { { "chunk_id", new byte[ChunkId.SizeBytes] } }),
        new byte[DfssLimits.MaxPayloadBytes])[..(64 << 10)];

    public static IReadOnlyList<AdversarialClient> All { get; } =
    [
        new("connects and says nothing", attacker => ConnectAsync(attacker, (_, _) => Task.CompletedTask))
        {
            IsPlainOnly = true
        },
        new("stops in the TLS handshake", StopInHandshakeAsync) { NeedsTls = true },
        new("stops between the TLS handshake and hello", attacker =>
            SecuredAsync(attacker, (_, _) => Task.CompletedTask)) { NeedsTls = true },
        new("stops in the length of its first frame", attacker => ConnectAsync(attacker, SendAsync(HelloFrame[..2])))
        {
            IsPlainOnly = true
        },
        new("stops in hello", attacker => SecuredAsync(attacker, SendAsync(HelloFrame[..^8]))),
        new("says hello byte by byte without end",
            attacker => SecuredAsync(attacker, SendAsync(EndlessHello), attacker.DripAsync)),
        new("stops in the length of a request", attacker => GuestsAsync(attacker, SendAsync(StoreFrame[..2])))
        {
            IsLetIn = true
        },
        new("stops in a chunk", attacker => GuestsAsync(attacker, SendAsync(StoreFrame))) { IsLetIn = true },
        new("sends a chunk byte by byte without end", attacker =>
            GuestsAsync(attacker, SendAsync(StoreFrame), attacker.DripAsync)) { IsLetIn = true },
    ];

    /// <summary>
    /// More than the unauthenticated connections that a peer takes; fewer where they connect repeatedly, so that none
    /// displaces another.
    /// </summary>
    private static int Unauthenticated(Attacker attacker) => attacker.IsPersistent ? 60 : 100;

    private static Func<Attacker, IConnection, Task> SendAsync(byte[] bytes) =>
        (attacker, connection) => connection.SendAsync(bytes, attacker.Token).AsTask();

    private static Task ConnectAsync(Attacker attacker, Func<Attacker, IConnection, Task> speak) =>
        attacker.KeepAsync(Unauthenticated(attacker), async begun =>
        {
            Socket socket = await attacker.OpenAsync();
            TcpConnection connection = new(socket, TcpConnection.ConnectedCloseLimit);
            await speak(attacker, connection);
            begun();
            await attacker.HoldAsync(connection);
        });

    private static Task SecuredAsync(
        Attacker attacker, Func<Attacker, IConnection, Task> speak, Func<IConnection, Task>? goOn = null) =>
        attacker.KeepAsync(Unauthenticated(attacker), async begun =>
        {
            IConnection connection = await attacker.ConnectAsync(await attacker.OpenAsync());
            await speak(attacker, connection);
            begun();
            await (goOn ?? attacker.HoldAsync)(connection);
        });

    private static Task GuestsAsync(
        Attacker attacker, Func<Attacker, IConnection, Task> speak, Func<IConnection, Task>? goOn = null) =>
        attacker.KeepAsync(Guests, async begun =>
        {
            IConnection connection = (await attacker.EnterAsync()).Connection;
            await speak(attacker, connection);
            begun();
            await (goOn ?? attacker.HoldAsync)(connection);
        });

    private static async Task StopInHandshakeAsync(Attacker attacker)
    {
        byte[] hello = (await BadHandshakes.RecordAsync(attacker))[0];
        await ConnectAsync(attacker, SendAsync(hello[..(hello.Length / 2)]));
    }
}
