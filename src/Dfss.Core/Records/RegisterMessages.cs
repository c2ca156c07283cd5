namespace Dfss.Records;

/// <summary>A record and the ballot it was accepted or decided at.</summary>
public sealed record BallotedRecord(Ballot Ballot, FileRecord Record);

/// <summary>A set of chunk indexes of one file, bit i of byte i/8 (lowest bit first) for chunk i.</summary>
/// <param name="Bits">ceil(chunk count / 8) bytes; the bits beyond the count are 0.</param>
public readonly record struct ChunkBitmap(ReadOnlyMemory<byte> Bits)
{
    /// <summary>Whether chunk <paramref name="index"/> is in the set.</summary>
    public bool this[int index] =>
        (uint)(index >> 3) < (uint)Bits.Length && (Bits.Span[index >> 3] & (1 << (index & 7))) != 0;

    /// <summary>Makes the set of those of <paramref name="count"/> indexes for which <paramref name="contains"/> is
    /// true.</summary>
    public static ChunkBitmap Create(int count, Func<int, bool> contains)
    {
        byte[] bits = new byte[(count + 7) / 8];
        for (int i = 0; i < count; i++)
        {
            if (contains(i))
            {
                bits[i >> 3] |= (byte)(1 << (i & 7));
            }
        }

        return new ChunkBitmap(bits);
    }

    /// <summary>Whether no chunk is in the set.</summary>
    public bool IsEmpty => Bits.Span.IndexOfAnyExcept((byte)0) < 0;
}

/// <summary>A proposer's request to one member about one name.</summary>
public abstract record RegisterRequest(string Name)
{
    /// <summary>
    /// The members of the home, with the latest clock that the client has of each. In step 4, and in step 5 with a
    /// decision of the client's own round, the clocks of the generations whose votes it counts.
    /// </summary>
    public IReadOnlyList<StoreClock> Clocks { get; init; } = [];

    /// <summary>
    /// Whether the home has one or two members, so that all vote on everything. Then the other member has all that was
    /// chosen and promised, and a restored one may vote; what a lone member has lost is unknown.
    /// </summary>
    public bool IsUnanimous { get; init; }

    /// <summary>
    /// Whether the member may remember the clocks, and act on a later one of its own. False for a client that is
    /// limited to some names: it could deprive a member of its vote on all other names.
    /// </summary>
    internal bool Teaches { get; init; } = true;
}

/// <summary>
/// Step 1: refused below the promised ballot; else promises to refuse lower ones, and answers the accepted and the
/// decided record.
/// </summary>
public sealed record PrepareRequest(string Name, Ballot Ballot) : RegisterRequest(Name);

/// <summary>
/// Step 3: refused below the promised ballot. Else flushes the chunk store. Then it either answers which expected
/// chunks are missing, and changes nothing; or it promises the ballot and protects the manifest and every chunk it
/// lists from garbage collection until a decision at this ballot or above.
/// </summary>
/// <param name="Name">The name.</param>
/// <param name="Ballot">The round.</param>
/// <param name="FileId">The file: its manifest, put before as a chunk, lists the chunks.</param>
/// <param name="Expected">The chunks that this member is to hold.</param>
public sealed record SealRequest(
    string Name, Ballot Ballot, FileId FileId, ChunkBitmap Expected) : RegisterRequest(Name)
{
    /// <summary>
    /// The members that decide on the name: where another client can settle the seal if its writer has ended.
    /// </summary>
    public IReadOnlyList<HomeMember> Home { get; init; } = [];
}

/// <summary>Step 4: refused below the promised ballot; else promises it and accepts the record.</summary>
public sealed record AcceptRequest(string Name, Ballot Ballot, FileRecord Record) : RegisterRequest(Name);

/// <summary>
/// Step 5: this record was chosen at this ballot. Raises the decided record, and drops the name's seals at or below the
/// ballot. Never refused.
/// </summary>
public sealed record DecideRequest(string Name, Ballot Ballot, FileRecord Record) : RegisterRequest(Name);

/// <summary>
/// Answers the state of the register and changes nothing. An unknown name has nothing promised, accepted or decided.
/// </summary>
public sealed record ReadRequest(string Name) : RegisterRequest(Name);

/// <summary>How a member answered.</summary>
public enum RegisterStatus
{
    /// <summary>Done, and on stable storage.</summary>
    Done = 0,

    /// <summary>A higher ballot was promised: <see cref="RegisterAnswer.Promised"/>. Nothing was changed.</summary>
    Refused = 1,

    /// <summary>
    /// Seal only: chunks (or the manifest) are missing; <see cref="RegisterAnswer.Missing"/> lists them. Nothing was
    /// sealed.
    /// </summary>
    ChunksMissing = 2,

    /// <summary>
    /// The member's store was restored from an earlier copy, and this register has not been brought up to date since:
    /// the answer does not count as a vote, and its records may be old.
    /// </summary>
    NoVote = 3,
}

/// <summary>A member's answer about one name: the state of its register after the request.</summary>
public sealed record RegisterAnswer
{
    /// <summary>How the member answered.</summary>
    public RegisterStatus Status { get; init; }

    /// <summary>The highest ballot promised.</summary>
    public Ballot Promised { get; init; }

    /// <summary>The record accepted last; null for none. Never below <see cref="Decided"/>.</summary>
    public BallotedRecord? Accepted { get; init; }

    /// <summary>The record that is known to be chosen; null for none.</summary>
    public BallotedRecord? Decided { get; init; }

    /// <summary>For <see cref="RegisterStatus.ChunksMissing"/>: which of the expected chunks; empty where only the
    /// manifest is missing.</summary>
    public ChunkBitmap Missing { get; init; }

    /// <summary>For <see cref="RegisterStatus.ChunksMissing"/>: whether the manifest itself is missing.</summary>
    public bool IsManifestMissing { get; init; }

    /// <summary>The member's own clock after the request; null if it sends none.</summary>
    public StoreClock? Clock { get; init; }

    /// <summary>The latest clocks that the member has of the other stores that the request names.</summary>
    public IReadOnlyList<StoreClock> Known { get; init; } = [];
}
