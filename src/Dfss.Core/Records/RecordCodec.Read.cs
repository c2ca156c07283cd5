using MessagePack;

namespace Dfss.Records;

/// <content>The reading of each item.</content>
internal static partial class RecordCodec
{
    public static FileRecord DecodeRecord(ReadOnlyMemory<byte> encoded) => Decode(encoded, ReadRecord);

    public static BallotedRecord DecodeBallotedRecord(ReadOnlyMemory<byte> encoded) =>
        Decode(encoded, ReadBallotedRecord);

    public static RegisterState DecodeState(ReadOnlyMemory<byte> encoded) => Decode(encoded, ReadState);

    public static RegisterAnswer DecodeAnswer(ReadOnlyMemory<byte> encoded) => Decode(encoded, ReadAnswer);

    public static PrepareRequest DecodePrepare(ReadOnlyMemory<byte> encoded)
    {
        RequestFields fields = Decode(encoded, ReadRequest);
        return new PrepareRequest(Required(fields.Name, "name"), Required(fields.Ballot, "ballot"))
        {
            Clocks = fields.Clocks,
            IsUnanimous = fields.IsUnanimous,
        };
    }

    public static SealRequest DecodeSeal(ReadOnlyMemory<byte> encoded)
    {
        RequestFields fields = Decode(encoded, ReadRequest);
        return new SealRequest(
            Required(fields.Name, "name"),
            Required(fields.Ballot, "ballot"),
            Required(fields.FileId, "file_id"),
            Required(fields.Expected, "expected"))
        { Home = fields.Home ?? [], Clocks = fields.Clocks, IsUnanimous = fields.IsUnanimous };
    }

    public static AcceptRequest DecodeAccept(ReadOnlyMemory<byte> encoded)
    {
        RequestFields fields = Decode(encoded, ReadRequest);
        return new AcceptRequest(
            Required(fields.Name, "name"), Required(fields.Ballot, "ballot"), Required(fields.Record, "record"))
        { Clocks = fields.Clocks, IsUnanimous = fields.IsUnanimous };
    }

    public static DecideRequest DecodeDecide(ReadOnlyMemory<byte> encoded)
    {
        RequestFields fields = Decode(encoded, ReadRequest);
        return new DecideRequest(
            Required(fields.Name, "name"), Required(fields.Ballot, "ballot"), Required(fields.Record, "record"))
        { Clocks = fields.Clocks, IsUnanimous = fields.IsUnanimous };
    }

    public static ReadRequest DecodeRead(ReadOnlyMemory<byte> encoded)
    {
        RequestFields fields = Decode(encoded, ReadRequest);
        return new ReadRequest(Required(fields.Name, "name"))
        {
            Clocks = fields.Clocks,
            IsUnanimous = fields.IsUnanimous
        };
    }

    public static SealedName DecodeSealedName(ReadOnlyMemory<byte> encoded) => Decode(encoded, ReadSealedName);

    private static SealedName ReadSealedName(ref MessagePackReader reader, int depth)
    {
        string? name = null;
        IReadOnlyList<RegisterSeal>? seals = null;
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "name" => Set(name = ReadName(ref r)),
            "seals" => Set(seals = ReadArray(ref r, d, RegisterState.MaxSeals, ReadSeal)),
            _ => false,
        });
        return new SealedName(Required(name, "name"), Required(seals, "seals"));
    }

    private static RequestFields ReadRequest(ref MessagePackReader reader, int depth)
    {
        RequestFields fields = new();
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "name" => Set(fields.Name = ReadName(ref r)),
            "ballot" => Set(fields.Ballot = ReadBallot(ref r)),
            "file_id" => Set(fields.FileId = ReadFileId(ref r)),
            "expected" => Set(fields.Expected = ReadBitmap(ref r)),
            "home" => Set(fields.Home = ReadArray(ref r, d, DfssLimits.MaxHomeMembers, ReadMember)),
            "record" => Set(fields.Record = ReadRecord(ref r, d)),
            "unanimous" => Set(fields.IsUnanimous = ReadBoolean(ref r)),
            "clocks" => Set(fields.Clocks = ReadArray(ref r, d, MaxClocks, ReadClock)),
            _ => false,
        });
        return fields;
    }

    private static RegisterAnswer ReadAnswer(ref MessagePackReader reader, int depth)
    {
        long? status = null;
        RegisterAnswer answer = new();
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "status" => Set(status = ReadInteger(ref r, 0, (int)RegisterStatus.NoVote)),
            "promised" => Set(answer = answer with { Promised = ReadBallot(ref r) }),
            "accepted" => Set(answer = answer with { Accepted = ReadBallotedRecord(ref r, d) }),
            "decided" => Set(answer = answer with { Decided = ReadBallotedRecord(ref r, d) }),
            "missing" => Set(answer = answer with { Missing = ReadBitmap(ref r) }),
            "clock" => Set(answer = answer with { Clock = ReadClock(ref r, d) }),
            "known" => Set(answer = answer with { Known = ReadArray(ref r, d, MaxClocks, ReadClock) }),
            "manifest_missing" => Set(answer = answer with { IsManifestMissing = ReadBoolean(ref r) }),
            _ => false,
        });
        return answer with { Status = (RegisterStatus)Required(status, "status") };
    }

    private static RegisterState ReadState(ref MessagePackReader reader, int depth)
    {
        RegisterState state = new();
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "promised" => Set(state = state with { Promised = ReadBallot(ref r) }),
            "accepted" => Set(state = state with { Accepted = ReadBallotedRecord(ref r, d) }),
            "decided" => Set(state = state with { Decided = ReadBallotedRecord(ref r, d) }),
            "generation" => Set(state = state with { Generation = ReadInteger(ref r, 1, MaxInteger) }),
            "seals" => Set(state = state with { Seals = ReadArray(ref r, d, RegisterState.MaxSeals, ReadSeal) }),
            _ => false,
        });
        return state;
    }

    private static RegisterSeal ReadSeal(ref MessagePackReader reader, int depth)
    {
        Ballot? ballot = null;
        FileId? fileId = null;
        IReadOnlyList<HomeMember> home = [];
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "ballot" => Set(ballot = ReadBallot(ref r)),
            "file_id" => Set(fileId = ReadFileId(ref r)),
            "home" => Set(home = ReadArray(ref r, d, DfssLimits.MaxHomeMembers, ReadMember)),
            _ => false,
        });
        return new RegisterSeal(Required(ballot, "ballot"), Required(fileId, "file_id")) { Home = home };
    }

    private static BallotedRecord ReadBallotedRecord(ref MessagePackReader reader, int depth)
    {
        Ballot? ballot = null;
        FileRecord? record = null;
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "ballot" => Set(ballot = ReadBallot(ref r)),
            "record" => Set(record = ReadRecord(ref r, d)),
            _ => false,
        });
        return new BallotedRecord(Required(ballot, "ballot"), Required(record, "record"));
    }

    private static FileRecord ReadRecord(ref MessagePackReader reader, int depth)
    {
        string? name = null;
        Guid? writerId = null;
        IReadOnlyList<HomeMember>? home = null;
        long? state = null;
        VersionFields version = new();
        FileRecord rest = new() { Name = "", Home = [], WriterId = default };
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "name" => Set(name = ReadName(ref r)),
            "epoch" => Set(rest = rest with { Epoch = ReadInteger(ref r, 1, MaxInteger) }),
            "state" => Set(state = ReadInteger(ref r, 0, (int)FileRecordState.Moved)),
            "home" => Set(home = ReadArray(ref r, d, DfssLimits.MaxHomeMembers, ReadMember)),
            "former_home" => Set(
                rest = rest with { FormerHome = ReadArray(ref r, d, DfssLimits.MaxHomeMembers, ReadMember) }),
            "writer_id" => Set(writerId = ReadGuid(ref r)),
            "previous" => Set(
                rest = rest with { Previous = ReadArray(ref r, d, DfssLimits.MaxPreviousVersions, ReadPrevious) }),
            "previous_writer_ids" =>
                Set(rest =
                    rest with { PreviousWriterIds = ReadArray(ref r, d, Proposer.MaxPreviousWriterIds, ReadGuidItem) }),
            _ => version.TryRead(ref r, key, minChunkSize: 0),
        });
        rest = rest with
        {
            Name = Required(name, "name"),
            Content = version.ToVersion(),
            State = (FileRecordState)Required(state, "state"),
            Home = Required(home, "home"),
            WriterId = Required(writerId, "writer_id"),
        };
        Check(rest);
        return rest;
    }

    private static FileVersion ReadPrevious(ref MessagePackReader reader, int depth)
    {
        VersionFields version = new();
        ReadMap(ref reader, depth,
            (ref MessagePackReader r, string key, int _) => version.TryRead(ref r, key, DfssLimits.MinChunkSize));
        return version.ToVersion();
    }

    /// <summary>The file id, by the key that it has to have.</summary>
    private static FileId OneOf(FileId plain, FileId? encrypted, KeyEnvelope? encryption)
    {
        Require((encrypted is not null) == (encryption is not null), "encryption");
        Require(encrypted is null || plain == default, "file_id");
        return encrypted ?? plain;
    }

    /// <summary>The time in nanoseconds if the record has it, else that in milliseconds.</summary>
    private static UnixTime TimeOf(long? milliseconds, UnixTime? exact)
    {
        UnixTime coarse = UnixTime.FromMilliseconds(Required(milliseconds, "modified"));
        return exact ?? coarse;
    }

    private static KeyEnvelope ReadEnvelope(ref MessagePackReader reader) =>
        new(ReadBytes(ref reader, 1, KeyEnvelope.MaxBytes));

    private static HomeMember ReadMember(ref MessagePackReader reader, int depth)
    {
        StoreId? storeId = null;
        IReadOnlyList<string>? addresses = null;
        ReadMap(ref reader, depth, (ref MessagePackReader r, string key, int d) => key switch
        {
            "store_id" => Set(storeId = ReadStoreId(ref r)),
            "addresses" => Set(addresses = ReadArray(ref r, d, DfssLimits.MaxAddresses, ReadAddress)),
            _ => false,
        });
        return new HomeMember(storeId, Required(addresses, "addresses"));
    }

    private static string ReadAddress(ref MessagePackReader reader, int depth) =>
        ReadText(ref reader, DfssLimits.MaxAddressBytes);

    private static Guid ReadGuidItem(ref MessagePackReader reader, int depth) => ReadGuid(ref reader);

    /// <summary>Makes an assignment an expression that is true: the key is known.</summary>
    private static bool Set<T>(T value)
    {
        _ = value;
        return true;
    }
}
