using System.Buffers.Binary;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Faults;

/// <summary>A real peer's memory when many clients put and get the largest chunks at once.</summary>
public sealed class BusyPeerTests(ITestOutputHelper output)
{
    private const int Connections = 64;
    private const long MaxResidentBytes = 512L << 20;

    /// <summary>It is about memory: where a busy machine lets a connection stand still, that is waited for.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(5);

    private static readonly ClientChannelOptions Options = new()
    {
        ConnectTimeout = TimeLimit,
        PingTimeout = TimeLimit,
        Channel = new ChannelOptions { IdleLimit = TimeLimit, StallLimit = TimeLimit, RateWindow = TimeLimit },
    };

    private static readonly Lazy<byte[]> Content = new(MakeRandom);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sixty_four_busy_connections_with_the_largest_chunks_stay_below_512_MB()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of resident memory is read from /proc.");
        using TemporaryFolder folder = new();
        await using PeerProcess peer = await PeerProcess.StartAsync(
            folder["store"], settings: new PeerSettings { TimeLimitSeconds = TimeLimit.TotalSeconds });
        ChunkId shared;
        await using (PeerLink link = new(peer.Address, Options))
        {
            byte[] content = Make(number: 0);
            shared = ChunkId.Of(content);
            await new RemoteChunkStore(link).PutAsync(shared, content, Token);
        }

        await Parallel.ForAsync(
            0, Connections, new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = Token },
            async (client, token) => await PutAndGetAsync(peer.Address, client, shared, token));

        long peak = peer.PeakResidentBytes;
        output.WriteLine($"VmHWM {peak >> 20} MiB: {Connections} connections, on each a put and two gets of 16 MiB");
        Assert.InRange(peak, 1, MaxResidentBytes);
    }

    /// <summary>
    /// A put and a get of 16 MiB at once, then a get of what was put; what comes back is the right one.
    /// </summary>
    private static async Task PutAndGetAsync(
        PeerAddress peer, int client, ChunkId shared, CancellationToken cancellationToken)
    {
        await using PeerLink link = new(peer, Options);
        VerifyingChunkStore store = new(new RemoteChunkStore(link));
        byte[] destination = new byte[DfssLimits.MaxChunkSize];
        byte[] content = Make(client + 1);
        ChunkId id = ChunkId.Of(content);
        Task<PutResult> putting = store.PutAsync(id, content, cancellationToken).AsTask();
        Assert.Equal(DfssLimits.MaxChunkSize, await store.GetAsync(shared, destination, cancellationToken));
        Assert.Equal(PutResult.Stored, await putting);
        Assert.Equal(DfssLimits.MaxChunkSize, await store.GetAsync(id, destination, cancellationToken));
    }

    /// <summary>They differ in their first bytes: random ones for each would take longer than all else.</summary>
    private static byte[] Make(int number)
    {
        byte[] content = [.. Content.Value];
        BinaryPrimitives.WriteInt32LittleEndian(content, number);
        return content;
    }

    private static byte[] MakeRandom()
    {
        byte[] content = new byte[DfssLimits.MaxChunkSize];
        new Random(1).NextBytes(content);
        return content;
    }
}
