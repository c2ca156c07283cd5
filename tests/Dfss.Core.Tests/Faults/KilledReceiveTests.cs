using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>A receiving process that is killed, again and again, and each time goes on from what it had.</summary>
public sealed class KilledReceiveTests
{
    private const int ChunkSize = 128 << 10;
    private const int Chunks = 60;
    private const int Kills = 3;
    private const int ThrottleLimit = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_whole_when_a_receive_was_killed_is_not_fetched_again()
    {
        using TemporaryFolder folder = new();
        await using HeldPeer peer = await HeldPeer.StartAsync();
        string source = folder.CreateFile("source", Chunks * ChunkSize, seed: 1);
        await using (DfssClient sender = new([peer.Address], TransferOptions.Default))
        {
            await sender.SendAsync(source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
        }

        string destination = folder["x"];
        ConcurrentQueue<string> asked = [];
        int allowed = 0;
        peer.Holds = (operation, arguments, _) =>
        {
            if (operation != Operations.GetChunk)
            {
                return false;
            }

            asked.Enqueue(Convert.ToHexString(arguments.Required("chunk_id").AsBinary()));
            return asked.Count > Volatile.Read(ref allowed);
        };

        ClientCommand read = new() { Operation = ClientOperation.Read, Name = "x" };
        ClientCommand receive = new() { Operation = ClientOperation.Receive, Name = "x", Path = destination };
        for (int kill = 1; kill <= Kills; kill++)
        {
            Volatile.Write(ref allowed, asked.Count + 12);
            await using ClientProcess client = await StartAsync(peer);
            await client.RunAsync(read);
            Task<ClientAnswer?> ended = client.RunAsync(receive);

            // Everything that may be in flight is held: what was given is written, or will not be.
            int expected = allowed + ThrottleLimit;
            while (asked.Count < expected)
            {
                Assert.False(ended.IsCompleted, "The receive has ended before it was killed.");
                await Task.Delay(1, Token);
            }

            await client.KillAsync();
            Assert.Null(await ended);
            Assert.False(File.Exists(destination));
        }

        Volatile.Write(ref allowed, int.MaxValue);
        await using ClientProcess last = await StartAsync(peer);
        await last.RunAsync(read);
        Assert.Equal(DfssErrorCode.None, (await last.RunAsync(receive))?.Error);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(destination, Token));
        Assert.False(File.Exists(destination + ".dfss-part"));
        Assert.InRange(asked.Count, Chunks, Chunks + (Kills * ThrottleLimit));
    }

    private static Task<ClientProcess> StartAsync(HeldPeer peer) => ClientProcess.StartAsync(new ClientSettings
    {
        Peers = [peer.Address.ToString()],
        ThrottleLimit = ThrottleLimit,
    });
}
