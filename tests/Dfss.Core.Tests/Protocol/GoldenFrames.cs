using Dfss.Protocol;
using Dfss.Records;

namespace Dfss.Tests.Protocol;

/// <summary>What the golden blocks of docs/protocol.md stand for, made with the code's own types.</summary>
internal static partial class GoldenFrames
{
    private const string Name = "a.txt";
    private const string NoFile = "b.txt";
    private static readonly byte[] Content = "abc"u8.ToArray();
    private static readonly ChunkId Chunk = ChunkId.Of(Content);
    private static readonly StoreId Store = StoreId.Parse("000102030405060708090a0b0c0d0e0f");
    private static readonly Ballot First = new(1, Id("101112131415161718191a1b1c1d1e1f"));
    private static readonly Ballot Second = new(2, Id("303132333435363738393a3b3c3d3e3f"));
    private static readonly Ballot Install = new(1, Guid.Empty, Epoch: 1);
    private static readonly ChunkBitmap Whole = ChunkBitmap.Create(1, _ => true);

    private static readonly FileRecord Record = new()
    {
        Name = Name,
        Version = 1,
        FileId = Manifest.FileId,
        Length = Manifest.Length,
        ChunkSize = Manifest.ChunkSize,
        Home = [new HomeMember(Store, ["localhost:9000"])],
        Modified = UnixTime.FromMilliseconds(1_767_225_600_000),
        UnixMode = 0b110_100_100,
        WriterId = Id("202122232425262728292a2b2c2d2e2f"),
    };

    private static readonly FileRecord Tombstone = new()
    {
        Name = NoFile,
        Version = 2,
        State = FileRecordState.Removed,
        Home = [new HomeMember(Store, ["localhost:9000", "[::1]:9000"]),
            new HomeMember(StoreId: null, ["b.example:9000"])],
        WriterId = Id("404142434445464748494a4b4c4d4e4f"),
        PreviousWriterIds = [Record.WriterId],
    };

    private static readonly FileRecord Replaced = Record with
    {
        Version = 2,
        FileId = FileManifest.Create(0, DfssLimits.DefaultChunkSize, []).FileId,
        Length = 0,
        Modified = new UnixTime(-1_234_567),
        WriterId = Id("404142434445464748494a4b4c4d4e4f"),
        Previous = [Record.Content],
        PreviousWriterIds = [Record.WriterId],
    };

    private static readonly FileRecord Moved = Record with
    {
        Version = 2,
        Epoch = 1,
        State = FileRecordState.Moved,
        Home = [new HomeMember(StoreId.Parse("101112131415161718191a1b1c1d1e1f"), ["b.example:9000"])],
        FormerHome = Record.Home,
        WriterId = Id("404142434445464748494a4b4c4d4e4f"),
        PreviousWriterIds = [Record.WriterId],
    };

    /// <summary>The file as version 3, encrypted, after version 2, which was empty and encrypted too.</summary>
    private static readonly FileRecord Encrypted = Record with
    {
        Version = 3,
        FileId = EncryptedManifest.FileId,
        Length = EncryptedManifest.Length,
        Encryption = new KeyEnvelope(Convert.FromHexString("01a0a1a2a3")),
        WriterId = Id("404142434445464748494a4b4c4d4e4f"),
        Previous =
        [
            new FileVersion(
                2, FileManifest.CreateEncrypted(0, DfssLimits.DefaultChunkSize, []).FileId, 0,
                DfssLimits.DefaultChunkSize,
                Record.Replicas, Record.Run, Record.Modified, UnixMode: null)
            { Encryption = new KeyEnvelope(Convert.FromHexString("01b0b1b2b3")) },
        ],
    };

    private static readonly BallotedRecord Chosen = new(First, Record);

    /// <summary>The manifest of a file of the three bytes "abc".</summary>
    public static FileManifest Manifest => FileManifest.Create(Content.Length, DfssLimits.DefaultChunkSize, [Chunk]);

    /// <summary>One of 31 bytes, encrypted.</summary>
    private static FileManifest EncryptedManifest =>
        FileManifest.CreateEncrypted(31, DfssLimits.DefaultChunkSize, [Chunk]);

    /// <summary>The blocks that are no frames: manifests and records, as their bytes.</summary>
    public static IReadOnlyDictionary<string, byte[]> Values { get; } = new Dictionary<string, byte[]>
    {
        ["manifest"] = Manifest.Encoded.ToArray(),
        ["manifest-empty-file"] = FileManifest.Create(0, DfssLimits.DefaultChunkSize, []).Encoded.ToArray(),
        ["manifest-encrypted"] = EncryptedManifest.Encoded.ToArray(),
        ["record"] = RecordCodec.EncodeRecord(Record),
        ["record-removed"] = RecordCodec.EncodeRecord(Tombstone),
        ["record-replaced"] = RecordCodec.EncodeRecord(Replaced),
        ["record-moved"] = RecordCodec.EncodeRecord(Moved),
        ["record-encrypted"] = RecordCodec.EncodeRecord(Encrypted),
    };

    /// <summary>The blocks that are frames.</summary>
    public static IReadOnlyDictionary<string, (Message Message, ReadOnlyMemory<byte>? Payload)> Frames { get; } =
        Connection().Concat(Chunks()).Concat(Files()).Concat(Register()).Concat(Errors()).Concat(Upkeep())
            .Concat(Cluster())
            .ToDictionary(frame => frame.Name, frame => (frame.Message, NilOr(frame.Payload)));

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Connection() =>
    [
        ("hello-request", Message.Request(0, Operations.Hello, new HelloRequest([1], "dfss/0.1.0", []).ToMap()), null),
        ("hello-answer", Answer(
            0, new HelloAnswer(1, "dfss/0.1.0", Store, ["localhost:9000"], [], HelloLimits.Default).ToMap()), null),
        ("hello-refused", Message.Answer(0, DfssErrorCode.VersionNotSupported, new MessageMap
        {
            { "message", "Version 1 is spoken here." }, { "retryable", false }, { "versions", Handshake.ToArray([1]) },
        }), null),
        ("ping-request", Message.Request(1, Operations.Ping, []), null),
        ("ping-answer", Answer(1, []), null),
        ("peer-info-request", Message.Request(2, Operations.PeerInfo, []), null),
        ("peer-info-answer", Answer(2, new MessageMap
        {
            { "store_id", Store.ToByteArray() }, { "software", "dfss/0.1.0" },
            { "addresses", Handshake.ToArray(["localhost:9000"]) },
            { "process_id", 4711 }, { "uptime_ms", 60_000 }, { "connections", 2 }, { "chunks", 2 },
            { "stored_bytes", 59 },
            { "quarantined", 1 },
            {
                "scrub", new MessageMap
                {
                    { "rate", 8 << 20 }, { "running", false }, { "chunks", 2 }, { "bytes", 59 }, { "corrupt", 1 },
                    { "completed", 1_767_225_600_000 },
                }
            },
            { "quota_bytes", 1L << 41 }, { "store_path", "/srv/dfss" }, { "minimum_free_bytes", 256 << 20 },
            { "free_bytes", 1L << 40 },
        }), null),
    ];

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Chunks()
    {
        byte[] id = Chunk.ToByteArray();
        byte[] ids = [.. id, .. Manifest.FileId.ToByteArray()];
        return
        [
            ("store-chunk-request",
                Message.Request(3, Operations.StoreChunk, new MessageMap { { "chunk_id", id } }), Content),
            ("store-chunk-answer", Answer(3, new MessageMap { { "present", false } }), null),
            ("store-chunks-request",
                Message.Request(
                    4, Operations.StoreChunks, new MessageMap { { "lengths", Handshake.ToArray([3, 56]) } }),
                [.. ids, .. Content, .. Manifest.Encoded.Span]),
            ("store-chunks-answer", Answer(4, new MessageMap { { "results", Handshake.ToArray([1, 0]) } }), null),
            ("find-missing-request", Message.Request(5, Operations.FindMissing, []), ids),
            ("find-missing-answer", Answer(5, []), [0b10]),
            ("flush-request", Message.Request(6, Operations.Flush, []), null),
            ("flush-answer", Answer(6, []), null),
            ("get-chunk-request", Message.Request(7, Operations.GetChunk, new MessageMap { { "chunk_id", id } }), null),
            ("get-chunk-answer", Answer(7, []), Content),
            ("get-chunk-by-name-request", Message.Request(8, Operations.GetChunk, new MessageMap
            {
                { "name", Name }, { "index", 0 }, { "file_id", Manifest.FileId.ToByteArray() },
            }), null),
            ("get-chunk-by-name-answer", Answer(8, new MessageMap
            {
                { "file_id", Manifest.FileId.ToByteArray() }, { "chunk_id", id },
            }), Content),
            ("get-chunks-request", Message.Request(9, Operations.GetChunks, []), ids),
            ("get-chunks-answer",
                Answer(9, new MessageMap { { "lengths", MessageValue.From([3, MessageValue.Nil]) } }), Content),
            ("empty-payload", Answer(10, []), []),
            ("verify-chunk-request",
                Message.Request(11, Operations.VerifyChunk, new MessageMap { { "chunk_id", id } }), null),
            ("verify-chunk-answer", Answer(11, new MessageMap { { "state", 0 } }), null),
        ];
    }

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Files()
    {
        MessageMap listed = MessageBatch.Join([RecordCodec.EncodeBallotedRecord(Chosen)]).Map;
        listed.Add("more", true);
        return
        [
            ("get-file-info-request",
                Message.Request(12, Operations.GetFileInfo, new MessageMap { { "name", Name }, { "manifest", true } }),
                null),
            ("get-file-info-answer", Answer(12, new MessageMap
            {
                { "version", 1 }, { "file_id", Manifest.FileId.ToByteArray() }, { "length", 3 },
                { "chunk_size", Manifest.ChunkSize },
                { "chunk_count", 1 }, { "modified", Record.Modified.Milliseconds },
            }), Manifest.Encoded.ToArray()),
            ("list-files-request", Message.Request(13, Operations.ListFiles, new MessageMap
            {
                { "limit", 1 }, { "prefix", "a" }, { "after", "a" },
            }), null),
            ("list-files-answer", Answer(13, listed), RecordCodec.EncodeBallotedRecord(Chosen)),
        ];
    }

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Register() =>
    [
        Ask("read-request", 14, Operations.Read, new ReadRequest(Name), new ReadRequest(NoFile)),
        Tell("read-answer", 14, new RegisterAnswer { Promised = First, Accepted = Chosen, Decided = Chosen },
            new RegisterAnswer()),
        Ask("prepare-request", 15, Operations.Prepare, new PrepareRequest(Name, First)),
        Tell("prepare-answer", 15, new RegisterAnswer { Promised = First }),
        Tell("prepare-answer-refused", 15,
            new RegisterAnswer { Status = RegisterStatus.Refused, Promised = Second, Accepted = Chosen }),
        Tell("prepare-answer-moved", 15, new RegisterAnswer
        {
            Status = RegisterStatus.Refused,
            Promised = Install,
            Accepted = new BallotedRecord(Install, Moved with { State = FileRecordState.File, FormerHome = [] }),
            Decided = new BallotedRecord(Install, Moved with { State = FileRecordState.File, FormerHome = [] }),
        }),
        Ask("seal-request", 16, Operations.Seal, new SealRequest(Name, First, Manifest.FileId, Whole)),
        Tell("seal-answer", 16, new RegisterAnswer { Promised = First }),
        Tell("seal-answer-missing", 16,
            new RegisterAnswer { Status = RegisterStatus.ChunksMissing, Promised = First, Missing = Whole }),
        Tell("seal-answer-manifest-missing", 16, new RegisterAnswer
        {
            Status = RegisterStatus.ChunksMissing, Promised = First, IsManifestMissing = true,
        }),
        Ask("accept-request", 17, Operations.Accept, new AcceptRequest(Name, First, Record)),
        Tell("accept-answer", 17, new RegisterAnswer { Promised = First, Accepted = Chosen }),
        Ask("decide-request", 18, Operations.Decide, new DecideRequest(Name, First, Record)),
        Tell("decide-answer", 18, new RegisterAnswer { Promised = First, Accepted = Chosen, Decided = Chosen }),
    ];

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Errors() =>
    [
        ("error-answer", Message.Answer(19, DfssErrorCode.ChunkNotFound, new MessageMap
        {
            { "message", "No such chunk." }, { "retryable", false }, { "chunk_id", Chunk.ToByteArray() },
        }), null),
        ("violation-notice", ErrorAnswer.Create(
            id: null, new DfssException(DfssErrorCode.ProtocolViolation, "A body is not an array of four.")), null),
        ("draining-notice",
            ErrorAnswer.Create(id: null, new DfssException(DfssErrorCode.PeerBusy, "The peer is stopping.")), null),
    ];

    private static IEnumerable<(string Name, Message Message, byte[]? Payload)> Upkeep()
    {
        byte[] item = RecordCodec.EncodeSealedName(new SealedName(
            Name, [new RegisterSeal(First, Manifest.FileId) { Home = [new HomeMember(Store, ["localhost:9000"])] }]));
        MessageMap listed = MessageBatch.Join([item]).Map;
        listed.Add("after", Name);
        return
        [
            ("list-seals-request",
                Message.Request(20, Operations.ListSeals, new MessageMap { { "limit", 1 }, { "after", "a" } }), null),
            ("list-seals-answer", Answer(20, listed), item),
            ("optimize-request", Message.Request(21, Operations.Optimize, new MessageMap
            {
                { "grace_ms", 86_400_000 }, { "dry_run", true },
            }), null),
            ("optimize-answer", Answer(21, new MessageMap
            {
                { "chunks_deleted", 3 }, { "bytes_deleted", 3_145_728 }, { "chunks_kept", 2 }, { "files", 1 },
            }), null),
        ];
    }

    private static Message Answer(uint id, MessageMap results) => Message.Answer(id, DfssErrorCode.None, results);

    private static (string Name, Message Message, byte[]? Payload) Ask(
        string name, uint id, string operation, params RegisterRequest[] items)
    {
        (MessageMap map, byte[] payload) = MessageBatch.Join(items.Select(RecordCodec.Encode));
        return (name, Message.Request(id, operation, map), payload);
    }

    private static (string Name, Message Message, byte[]? Payload) Tell(
        string name, uint id, params RegisterAnswer[] items)
    {
        (MessageMap map, byte[] payload) = MessageBatch.Join(items.Select(RecordCodec.EncodeAnswer));
        return (name, Answer(id, map), payload);
    }

    /// <summary>Without the casts, a null array would become an empty payload.</summary>
    private static ReadOnlyMemory<byte>? NilOr(byte[]? payload) =>
        payload is null ? null : (ReadOnlyMemory<byte>?)payload;

    private static Guid Id(string hex) => new(Convert.FromHexString(hex), bigEndian: true);
}
