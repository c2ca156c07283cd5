using Dfss.Records;

namespace Dfss.Tests.Records;

/// <summary>Small valid values for the tests of the register.</summary>
internal static class Sample
{
    public const string Name = "reports/2026.txt";

    public static FileId FileId(int number) => new(ChunkId.Of(BitConverter.GetBytes(number)).ToByteArray());

    public static Ballot Ballot(long counter) => new(counter, new Guid((int)counter, 0, 0, new byte[8]));

    public static FileRecord Record(int number = 1, long version = 1, string name = Name) => new()
    {
        Name = name,
        Version = version,
        FileId = FileId(number),
        Length = number,
        ChunkSize = DfssLimits.MinChunkSize,
        Home = [new HomeMember(StoreId.Create(), ["localhost:9000"])],
        WriterId = Guid.NewGuid(),
    };

    /// <summary>A record that says that the name moved, from the home of <see cref="Record"/> to another.</summary>
    public static FileRecord Moved(int number = 1, long version = 2, long epoch = 1) => Record(number, version) with
    {
        State = FileRecordState.Moved,
        Epoch = epoch,
        FormerHome = [new HomeMember(StoreId.Create(), ["localhost:9001"])],
    };

    public static FileVersion Previous(long version, FileId fileId) => new(
        version, fileId, version, DfssLimits.MinChunkSize, Replicas: 2, Run: 1, Modified: default, UnixMode: null);

    /// <summary>A name's first home of so many members.</summary>
    public static RegisterPlace Home(int members) => new(members, HomeEpoch.Original);

    public static ChunkBitmap AllOf(int count) => ChunkBitmap.Create(count, static _ => true);
}
