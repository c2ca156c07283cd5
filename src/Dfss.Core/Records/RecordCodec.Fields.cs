using MessagePack;

namespace Dfss.Records;

/// <content>The fields of an item while it is read.</content>
internal static partial class RecordCodec
{
    /// <summary>The fields that a record and an earlier version have in common.</summary>
    private sealed class VersionFields
    {
        private FileId? fileId;
        private FileId? encryptedId;
        private KeyEnvelope? encryption;
        private UnixTime? modifiedExactly;
        private long? version;
        private long? length;
        private long? chunkSize;
        private long? replicas;
        private long? run;
        private long? modified;
        private long? mode;

        public bool TryRead(ref MessagePackReader reader, string key, int minChunkSize) => key switch
        {
            "version" => Set(version = ReadInteger(ref reader, 1, MaxInteger)),
            "file_id" => Set(fileId = ReadFileId(ref reader)),
            "encrypted_file_id" => Set(encryptedId = ReadFileId(ref reader)),
            "encryption" => Set(encryption = ReadEnvelope(ref reader)),
            "length" => Set(length = ReadInteger(ref reader, 0, MaxInteger)),
            "chunk_size" => Set(chunkSize = ReadInteger(ref reader, minChunkSize, DfssLimits.MaxChunkSize)),
            "replicas" => Set(replicas = ReadInteger(ref reader, 1, DfssLimits.MaxHomeMembers)),
            "run" => Set(run = ReadInteger(ref reader, 1, DfssLimits.MaxChunksPerFile)),
            "modified" => Set(modified = ReadInteger(ref reader, 0, UnixTime.MaxMilliseconds)),
            "modified_ns" => Set(modifiedExactly = ReadTime(ref reader)),
            "mode" => Set(mode = ReadInteger(ref reader, 0, MaxMode)),
            _ => false,
        };

        public FileVersion ToVersion() => new(
            Required(version, "version"),
            OneOf(fileId ?? default, encryptedId, encryption),
            Required(length, "length"),
            (int)Required(chunkSize, "chunk_size"),
            (int)Required(replicas, "replicas"),
            (int)Required(run, "run"),
            TimeOf(modified, modifiedExactly),
            (int?)mode)
        { Encryption = encryption };
    }

    private sealed class RequestFields
    {
        public string? Name { get; set; }

        public Ballot? Ballot { get; set; }

        public FileId? FileId { get; set; }

        public ChunkBitmap? Expected { get; set; }

        public IReadOnlyList<HomeMember>? Home { get; set; }

        public FileRecord? Record { get; set; }

        public IReadOnlyList<StoreClock> Clocks { get; set; } = [];

        public bool IsUnanimous { get; set; }
    }
}
