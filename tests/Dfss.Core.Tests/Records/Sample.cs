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

    public static ChunkBitmap AllOf(int count) => ChunkBitmap.Create(count, static _ => true);
}
