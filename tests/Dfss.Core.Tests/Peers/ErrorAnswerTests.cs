using Dfss.Protocol;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// What a client is told of an error at a peer: the code, what and where, what to do, and which chunk.
/// </summary>
public sealed class ErrorAnswerTests
{
    private static readonly ChunkId Chunk = ChunkId.Of([1, 2, 3]);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_chunk_refused_by_a_peer_is_named()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using PeerLink link = new(cluster.Addresses[0], ClientChannelOptions.Default);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => new RemoteChunkStore(link).PutAsync(Chunk, new byte[] { 4 }, Token).AsTask());
        Assert.Equal(
            (DfssErrorCode.ChunkCorrupt, Chunk, "Send it again."), (error.Code, error.ChunkId!.Value, error.Advice));
        Assert.StartsWith($"{cluster.Addresses[0]}: ", error.Reason, StringComparison.Ordinal);
        Assert.Contains(Chunk.ToString(), error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_chunk_that_a_peer_does_not_have_is_named()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        await using PeerLink link = new(cluster.Addresses[0], ClientChannelOptions.Default);
        MessageMap arguments = new() { { "chunk_id", Chunk.ToByteArray() } };
        PeerCall call = new(Operations.GetChunk, arguments, Payload: null, Destination: null, IsBulk: false);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => link.CallAsync(call, Token).AsTask());
        Assert.Equal((DfssErrorCode.ChunkNotFound, Chunk), (error.Code, error.ChunkId!.Value));
    }

    [Fact]
    public void An_error_that_knows_no_chunk_has_that_of_its_request()
    {
        MessageMap arguments = new() { { "chunk_id", Chunk.ToByteArray() } };
        DfssException failure = new(DfssErrorCode.StoreFull, "No room.", "Make some.");
        DfssException told = ErrorAnswer.ToException(ErrorAnswer.Create(id: 1, failure, arguments))
            .At(PeerAddress.Parse("here:1"));
        Assert.Equal((failure.Code, $"here:1: No room. (Chunk {Chunk}.)", failure.Advice, Chunk),
            (told.Code, told.Reason, told.Advice, told.ChunkId!.Value));
    }

    [Fact]
    public void An_error_about_no_chunk_and_without_advice_carries_neither()
    {
        Message answer = ErrorAnswer.Create(
            id: 1, new DfssException(DfssErrorCode.PeerBusy, "Busy."), MessageMap.Empty);
        Assert.Equal(["message", "retryable"], answer.Map.Select(entry => entry.Key));
        DfssException told = ErrorAnswer.ToException(answer).At(PeerAddress.Parse("here:1"));
        Assert.Equal(("here:1: Busy.", null, null), (told.Message, told.Advice, told.ChunkId));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void What_is_no_chunk_id_and_no_advice_is_left_out(int bytes)
    {
        MessageMap results =
            new() { { "message", "No." }, { "retryable", false }, { "chunk_id", new byte[bytes] }, { "advice", 1 } };
        DfssException told = ErrorAnswer.ToException(Message.Answer(1, DfssErrorCode.StoreFull, results))
            .At(PeerAddress.Parse("here:1"));
        Assert.Equal(("here:1: No.", null, null), (told.Message, told.Advice, told.ChunkId));
    }
}
