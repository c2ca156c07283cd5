using Dfss.Records;

namespace Dfss.Tests.Storage;

/// <summary>Requests to a register, short.</summary>
internal static class Registers
{
    private static readonly Guid Proposer = new("00000000-0000-0000-0000-000000000001");

    public static Ballot Ballot(long counter) => new(counter, Proposer);

    public static PrepareRequest Prepare(string name, long counter) => new(name, Ballot(counter));

    public static AcceptRequest Accept(string name, long counter, FileId fileId = default) =>
        new(name, Ballot(counter), Record(name, fileId));

    public static DecideRequest Decide(string name, long counter, FileId fileId = default) =>
        new(name, Ballot(counter), Record(name, fileId));

    public static SealRequest Seal(string name, long counter, FileManifest manifest) =>
        new(name, Ballot(counter), manifest.FileId, ChunkBitmap.Create(manifest.ChunkCount, _ => true));

    public static FileManifest Manifest(params ReadOnlySpan<ChunkId> ids) =>
        FileManifest.Create((long)ids.Length * DfssLimits.MinChunkSize, DfssLimits.MinChunkSize, ids);

    public static FileRecord Record(string name, FileId fileId) => new()
    {
        Name = name,
        Version = 1,
        FileId = fileId == default ? Manifest(TestChunks.Make(0).Id).FileId : fileId,
        Length = DfssLimits.MinChunkSize,
        ChunkSize = DfssLimits.MinChunkSize,
        Home = [new HomeMember(new StoreId(new byte[StoreId.SizeBytes]), ["localhost:9000"])],
        WriterId = Proposer,
    };
}
