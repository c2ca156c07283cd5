using CsCheck;
using Dfss.Records;

namespace Dfss.Tests.Records;

/// <content>Random records, states and answers.</content>
public sealed partial class RecordCodecTests
{
    private static readonly Gen<Guid> Guids = Gen.Guid;
    private static readonly Gen<FileId> FileIds = Gen.Byte.Array[FileId.SizeBytes].Where(b => b.Any(x => x != 0))
        .Select(b => new FileId(b));
    private static readonly Gen<long> Integers = Gen.Long[0, (1L << 53) - 1];
    private static readonly Gen<Ballot> Ballots = Gen.Select(
        Gen.Long[1, (1L << 53) - 1], Guids, Gen.Bool, Integers,
        (counter, id, isFirst, epoch) => new Ballot(counter, id, isFirst ? 0 : epoch));
    private static readonly Gen<string> Names = OneOf("a", "a b/[c]", "naïve/文件", "😀", new string('x', 1024));

    private static readonly Gen<UnixTime> Times = Gen.OneOf(
        Gen.Long[0, UnixTime.MaxMilliseconds].Select(UnixTime.FromMilliseconds),
        Gen.Select(Gen.Long, Gen.ULong, (upper, lower) => new UnixTime(new Int128(unchecked((ulong)upper), lower))),
        Gen.Long.Select(nanoseconds => new UnixTime(nanoseconds)));

    private static readonly Gen<HomeMember> Members = Gen.Select(
        Gen.Byte.Array[StoreId.SizeBytes], Gen.Bool, OneOf("localhost:9000", "[fe80::1%eth0]:1", "").Array[0, 8],
        (id, isKnown, addresses) => new HomeMember(isKnown ? new StoreId(id) : null, addresses));

    private static readonly Gen<FileVersion> PreviousVersions = Gen.Select(
        Gen.Select(Gen.Long[1, (1L << 53) - 1], FileIds, Integers),
        Gen.Select(
            Gen.Int[DfssLimits.MinChunkSize, DfssLimits.MaxChunkSize], Gen.Int[1, 64],
            Gen.Int[1, DfssLimits.MaxChunksPerFile]),
        Times,
        Gen.Int[-1, 4095],
        (what, sizes, modified, mode) => new FileVersion(
            what.Item1, what.Item2, what.Item3, sizes.Item1, sizes.Item2, sizes.Item3, modified,
            mode < 0 ? null : mode));

    private static readonly Gen<FileRecord> Records = Gen.Select(
        Gen.Select(Names, Gen.Long[1, (1L << 53) - 1], Gen.Enum<FileRecordState>(), FileIds),
        Gen.Select(
            Integers, Gen.Int[DfssLimits.MinChunkSize, DfssLimits.MaxChunkSize], Gen.Int[1, 64],
            Gen.Int[1, DfssLimits.MaxChunksPerFile]),
        Gen.Select(Members.Array[1, 4], Times, Gen.Int[-1, 4095], Gen.Int[0, 3], Members.Array[1, 4]),
        Gen.Select(Guids, PreviousVersions.Array[0, 3], Guids.Array[0, 8]),
        (what, sizes, where, history) => new FileRecord
        {
            Name = what.Item1,
            Version = what.Item2,
            Epoch = where.Item4 + (what.Item3 == FileRecordState.Moved ? 1 : 0),
            State = what.Item3,
            FileId = what.Item3 == FileRecordState.Removed ? default : what.Item4,
            Length = sizes.Item1,
            ChunkSize = what.Item3 == FileRecordState.Removed ? 0 : sizes.Item2,
            Replicas = sizes.Item3,
            Run = sizes.Item4,
            Home = where.Item1,
            FormerHome = what.Item3 == FileRecordState.Moved ? where.Item5 : [],
            Modified = where.Item2,
            UnixMode = where.Item3 < 0 ? null : where.Item3,
            WriterId = history.Item1,
            Previous = history.Item2,
            PreviousWriterIds = history.Item3,
        });

    private static readonly Gen<BallotedRecord> BallotedRecords = Gen.Select(
        Ballots, Records, (ballot, record) => new BallotedRecord(ballot, record));

    private static readonly Gen<RegisterState> States = Gen.Select(
        Ballots, BallotedRecords.Null(), BallotedRecords.Null(),
        Gen.Select(Ballots, FileIds, (b, f) => new RegisterSeal(b, f)).Array[0, 3],
        (promised, accepted, decided, seals) =>
            new RegisterState { Promised = promised, Accepted = accepted, Decided = decided, Seals = seals });

    private static readonly Gen<RegisterAnswer> Answers = Gen.Select(
        Gen.Enum<RegisterStatus>(), Ballots, BallotedRecords.Null(), BallotedRecords.Null(),
        Gen.Select(Gen.Byte.Array[0, 9], Gen.Bool),
        (status, promised, accepted, decided, missing) => new RegisterAnswer
        {
            Status = status,
            Promised = promised,
            Accepted = accepted,
            Decided = decided,
            Missing = new ChunkBitmap(missing.Item1),
            IsManifestMissing = missing.Item2,
        });
}
