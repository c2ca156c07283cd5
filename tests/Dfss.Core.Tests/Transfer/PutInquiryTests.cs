using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>A sender asks a peer for chunks only while the peer has some of them.</summary>
public sealed class PutInquiryTests
{
    private const int ChunkCount = 60;
    private const int ChunkSize = 64 << 10;

    private static readonly SendOptions InChunks = new() { ChunkSize = ChunkSize };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Eight_missing_chunks_in_a_row_end_the_questions()
    {
        using TemporaryFolder folder = new();
        await using CountingPeer peer = await CountingPeer.StartAsync();
        await peer.Client.SendAsync(
            folder.CreateFile("new", ChunkCount * ChunkSize, seed: 1), "new", InChunks, progress: null, Token);
        Assert.Equal(8, peer.Asked);
    }

    [Fact]
    public async Task A_put_of_a_chunk_that_is_there_starts_the_questions_again()
    {
        using TemporaryFolder folder = new();
        string source = folder.CreateFile("new", ChunkCount * ChunkSize, seed: 1);
        await using CountingPeer peer = await CountingPeer.StartAsync();
        await peer.Client.SendAsync(source, "new", InChunks, progress: null, Token);
        (int asked, long put) = (peer.Asked, peer.PutBytes);
        await peer.Client.SendAsync(source, "copy", InChunks, progress: null, Token);
        Assert.Equal(ChunkCount - 1, peer.Asked - asked);

        // One chunk, to find out, and the manifest.
        Assert.InRange(peer.PutBytes - put, ChunkSize, ChunkSize + 4096);
    }

    [Fact]
    public async Task A_new_client_puts_nothing_that_is_there()
    {
        using TemporaryFolder folder = new();
        string source = folder.CreateFile("new", ChunkCount * ChunkSize, seed: 1);
        await using CountingPeer peer = await CountingPeer.StartAsync();
        await peer.Client.SendAsync(source, "new", InChunks, progress: null, Token);
        (int asked, long put) = (peer.Asked, peer.PutBytes);
        await using DfssClient other = new([peer.Address], TransferOptions.Default);
        await other.SendAsync(source, "copy", InChunks, progress: null, Token);
        Assert.Equal(ChunkCount, peer.Asked - asked);
        Assert.InRange(peer.PutBytes - put, 0, 4096);
    }

    /// <summary>
    /// A peer that counts the chunks asked for and the bytes put, and a client that moves one at a time.
    /// </summary>
    private sealed class CountingPeer : IAsyncDisposable
    {
        private readonly HeldPeer peer;
        private int asked;
        private long putBytes;

        private CountingPeer(HeldPeer peer)
        {
            this.peer = peer;
            peer.Holds = Count;
            Client = new DfssClient([peer.Address], TransferOptions.Default with { ThrottleLimit = 1 });
        }

        public PeerAddress Address => peer.Address;

        public DfssClient Client { get; }

        public int Asked => Volatile.Read(ref asked);

        public long PutBytes => Interlocked.Read(ref putBytes);

        public static async Task<CountingPeer> StartAsync() => new(await HeldPeer.StartAsync());

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await peer.DisposeAsync();
        }

        private bool Count(string operation, MessageMap arguments, ReadOnlyMemory<byte> payload)
        {
            if (operation == Operations.FindMissing)
            {
                Interlocked.Add(ref asked, payload.Length / ChunkId.SizeBytes);
            }
            else if (operation is Operations.StoreChunk or Operations.StoreChunks)
            {
                Interlocked.Add(ref putBytes, payload.Length);
            }

            return false;
        }
    }
}
