namespace Dfss.Transfer;

/// <summary>What a transfer of one file would move, as its peers report. Nothing was written to find out.</summary>
/// <param name="Length">The length of the content in bytes.</param>
/// <param name="MovedBytes">The bytes of chunks that would be moved, each copy counted.</param>
/// <param name="SavedBytes">The bytes of chunks that would not be moved, because they are there already: of a send each
/// copy at a peer counts, of a receive what an interrupted receive has left.</param>
/// <param name="Copies">At how many peers each chunk would be; of a receive, at how many each chunk is.</param>
public sealed record TransferPlan(long Length, long MovedBytes, long SavedBytes, int Copies)
{
    /// <summary>
    /// The peers that take part, in the order of the home, each with the bytes that would go to it; 0 for those of a
    /// receive, as each chunk comes from any of them.
    /// </summary>
    public IReadOnlyList<PeerShare> Peers { get; init; } = [];

    /// <summary>Why the transfer would fail, in whole sentences, as far as it is known before; else null.</summary>
    public string? Problem { get; init; }
}

/// <summary>The part of a peer in a transfer.</summary>
/// <param name="Peer">The peer.</param>
/// <param name="Bytes">The bytes of chunks that would go to it.</param>
public sealed record PeerShare(HomeMember Peer, long Bytes);
