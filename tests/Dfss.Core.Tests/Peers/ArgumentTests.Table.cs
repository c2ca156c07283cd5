using Dfss.Protocol;

namespace Dfss.Tests.Peers;

/// <content>Arguments of each operation that are right.</content>
public sealed partial class ArgumentTests
{
    /// <summary>
    /// Every operation with arguments and a payload that are right, or as right as it needs to be for its arguments to
    /// be read.
    /// </summary>
    private static IReadOnlyDictionary<string, (MessageMap Arguments, byte[]? Payload)[]> Right { get; } =
        new Dictionary<string, (MessageMap, byte[]?)[]>(StringComparer.Ordinal)
        {
            [Operations.Ping] = [([], null)],
            [Operations.StoreChunk] = [(ChunkIdOnly, Chunk)],
            [Operations.StoreChunks] =
                [(new() { { "lengths", MessageValue.From([3]) } }, [.. ChunkId.Of(Chunk).ToByteArray(), .. Chunk])],
            [Operations.GetChunk] =
            [
                (ChunkIdOnly, null),
                (new() { { "name", Name }, { "index", 0 } }, null),
                (new() { { "name", Name }, { "index", 0 }, { "file_id", new byte[32] } }, null),
            ],
            [Operations.GetChunks] = [([], ChunkId.Of(Chunk).ToByteArray())],
            [Operations.Flush] = [([], null)],
            [Operations.FindMissing] = [([], ChunkId.Of(Chunk).ToByteArray())],
            [Operations.GetFileInfo] = [(new() { { "name", Name } }, null),
                (new() { { "name", Name }, { "manifest", true } }, null)],
            [Operations.Prepare] = [(OneItem, ReadItem)],
            [Operations.Seal] = [(OneItem, ReadItem)],
            [Operations.Accept] = [(OneItem, ReadItem)],
            [Operations.Decide] = [(OneItem, ReadItem)],
            [Operations.Read] = [(OneItem, ReadItem)],
            [Operations.ListFiles] = [(new() { { "limit", 1 }, { "prefix", "" } }, null),
                (new() { { "limit", 1 }, { "after", "a" } }, null)],
            [Operations.VerifyChunk] = [(ChunkIdOnly, null)],
            [Operations.PeerInfo] = [([], null)],
            [Operations.ListSeals] = [(new() { { "limit", 1 }, { "after", "a" } }, null)],
            [Operations.Join] =
                [(new() { { "secret", new byte[32] }, { "request", new byte[100] }, { "store_id", new byte[16] } },
                    null)],
            [Operations.Invite] =
            [
                (new()
                {
                    { "secret_hash", new byte[32] }, { "role", "reader" }, { "expires_in_ms", 1000 }, { "name", "ann" },
                    { "prefixes", MessageValue.From(["builds/"]) },
                }, null),
                (new()
                {
                    { "secret_hash", new byte[32] }, { "role", "peer" }, { "expires_in_ms", 1000 },
                    { "store_id", new byte[16] }
                }, null),
            ],
            [Operations.Announce] = [(new() { { "addresses", MessageValue.From(["localhost:9000"]) } }, null)],
            [Operations.ListPeers] = [([], null)],
            [Operations.Renew] = [(new() { { "request", new byte[100] } }, null)],
            [Operations.ListCertificates] = [(new() { { "limit", 1 }, { "after", 1 } }, null)],
            [Operations.Revoke] = [(new() { { "serial", new byte[16] } }, null)],
            [Operations.GetRevocations] = [([], null)],
            [Operations.PutRevocations] = [([], new byte[100])],
            [Operations.GetIssuer] = [([], null)],
            [Operations.PutIssuer] = [([], new byte[100])],
            [Operations.Optimize] = [(new() { { "grace_ms", 86_400_000 }, { "dry_run", true } }, null)],
        };

    /// <summary>What may be left out. All others are required.</summary>
    private static readonly string[] Optional =
        ["file_id", "manifest", "prefix", "after", "dry_run", "store_id", "prefixes"];
}
