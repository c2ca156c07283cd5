using System.Globalization;

namespace Dfss.Protocol;

/// <summary>What a client says first. Not shown as text beyond its software: it may hold a secret.</summary>
/// <param name="Versions">The protocol versions it speaks.</param>
/// <param name="Software">Its name and version, for the other side's log.</param>
/// <param name="Capabilities">What it can do beyond its version; names nobody knows are ignored.</param>
internal sealed record HelloRequest(IReadOnlyList<int> Versions, string Software, IReadOnlyList<string> Capabilities)
{
    /// <summary>The token of a peer on loopback, by which it knows its user; null for none.</summary>
    public string? Token { get; init; }

    public override string ToString() => $"hello of {Software}";

    public MessageMap ToMap()
    {
        MessageMap map = new()
        {
            { "versions", Handshake.ToArray(Versions) },
            { "software", Software },
            { "capabilities", Handshake.ToArray(Capabilities) },
        };
        if (Token is string token)
        {
            map.Add("token", token);
        }

        return map;
    }

    /// <exception cref="DfssException">InvalidArgument: a key is missing or of the wrong kind.</exception>
    public static HelloRequest FromMap(MessageMap map) => new(
        Handshake.ToIntegers(map.Required("versions")),
        map.Required("software").AsText(),
        map.TryGet("capabilities", out MessageValue capabilities) ? Handshake.ToTexts(capabilities) : [])
    {
        Token = map.TryGet("token", out MessageValue token) ? token.AsText() : null,
    };
}

/// <summary>What a peer takes, in bytes and requests. Its client keeps within this.</summary>
/// <param name="MaxFrameBytes">The longest body of a frame.</param>
/// <param name="MaxChunkBytes">The longest chunk.</param>
/// <param name="MaxRequestsInFlight">Requests unanswered at one moment on one connection.</param>
internal sealed record HelloLimits(int MaxFrameBytes, int MaxChunkBytes, int MaxRequestsInFlight)
{
    /// <summary>The limits of <see cref="DfssLimits"/>.</summary>
    public static HelloLimits Default { get; } = new(DfssLimits.MaxFrameBytes, DfssLimits.MaxChunkSize, DfssLimits.MaxRequestsInFlight);
}

/// <summary>What a peer answers to hello.</summary>
/// <param name="Version">The version both sides speak from now on.</param>
/// <param name="Software">The peer's software and its version.</param>
/// <param name="StoreId">The store it serves.</param>
/// <param name="Addresses">Where it says it may be found, as <c>host:port</c>.</param>
/// <param name="Capabilities">What it can do beyond its version.</param>
/// <param name="Limits">What it takes.</param>
internal sealed record HelloAnswer(
    int Version, string Software, StoreId StoreId, IReadOnlyList<string> Addresses, IReadOnlyList<string> Capabilities, HelloLimits Limits)
{
    /// <summary>
    /// Whether the client is limited to some names, and so gets chunks that it has not put itself by the name alone.
    /// </summary>
    public bool IsLimited { get; init; }

    /// <summary>The number of the cluster's revocation list that the peer has; null where it keeps none.</summary>
    public long? RevocationNumber { get; init; }

    /// <summary>Which running peer answers; null where it does not say, as those of before do.</summary>
    public PeerInstance? Instance { get; init; }

    public MessageMap ToMap()
    {
        MessageMap map = ToPlainMap();
        Instance?.AddTo(map);
        if (IsLimited)
        {
            map.Add("limited", true);
        }

        if (RevocationNumber is long number)
        {
            map.Add("revocations", number);
        }

        return map;
    }

    private MessageMap ToPlainMap() => new()
    {
        { "version", Version },
        { "software", Software },
        { "store_id", StoreId.ToByteArray() },
        { "addresses", Handshake.ToArray(Addresses) },
        { "capabilities", Handshake.ToArray(Capabilities) },
        {
            "limits",
            new MessageMap
            {
                { "frame", Limits.MaxFrameBytes },
                { "chunk", Limits.MaxChunkBytes },
                { "requests", Limits.MaxRequestsInFlight },
            }
        },
    };

    /// <exception cref="DfssException">InvalidArgument: a key is missing, of the wrong kind or out of range.</exception>
    public static HelloAnswer FromMap(MessageMap map)
    {
        MessageMap limits = map.Required("limits").AsMap();
        byte[] storeId = map.Required("store_id").AsBinary();
        return new HelloAnswer(
            Handshake.ToInteger(map.Required("version")),
            PrintableText.From(map.Required("software").AsText(), Handshake.MaxSoftwareCharacters),
            storeId.Length == StoreId.SizeBytes
                ? new StoreId(storeId)
                : throw new DfssException(DfssErrorCode.InvalidArgument, $"A store id has {StoreId.SizeBytes} bytes, not {storeId.Length}."),
            Handshake.ToAddresses(map.Required("addresses")),
            map.TryGet("capabilities", out MessageValue capabilities) ? Handshake.ToTexts(capabilities) : [],
            new HelloLimits(
                Handshake.ToInteger(limits.Required("frame")),
                Handshake.ToInteger(limits.Required("chunk")),
                Math.Max(1, Handshake.ToInteger(limits.Required("requests")))))
        {
            IsLimited = map.TryGet("limited", out MessageValue limited) && limited.AsBoolean(),
            RevocationNumber = map.TryGet("revocations", out MessageValue number) ? number.AsInteger() : null,
            Instance = PeerInstance.FromMap(map),
        };
    }
}

/// <summary>hello: the first request on a connection, whose own form never changes. Here versions are negotiated.</summary>
internal static class Handshake
{
    /// <summary>256: of a longer name of the other side's software the rest is not shown.</summary>
    internal const int MaxSoftwareCharacters = 256;

    /// <summary>The last millisecond of the year 9999.</summary>
    private const long MaxUnixMilliseconds = 253_402_300_799_999;

    /// <summary>The version this software speaks.</summary>
    public const int Version = 1;

    /// <summary>Every version this software speaks, the best last.</summary>
    public static IReadOnlyList<int> SupportedVersions { get; } = [Version];

    /// <summary>The name and version of this software, as said in hello.</summary>
    public static string Software { get; } =
        $"dfss/{typeof(Handshake).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0"}";

    /// <summary>The highest version both sides speak.</summary>
    /// <exception cref="DfssException">VersionNotSupported, naming the versions spoken here.</exception>
    public static int Negotiate(IReadOnlyList<int> offered) => Negotiate(offered, SupportedVersions);

    /// <summary>The highest version in both lists.</summary>
    /// <exception cref="DfssException">VersionNotSupported, naming <paramref name="supported"/>.</exception>
    public static int Negotiate(IReadOnlyList<int> offered, IReadOnlyList<int> supported)
    {
        int best = -1;
        foreach (int version in offered)
        {
            best = supported.Contains(version) ? Math.Max(best, version) : best;
        }

        return best >= 0 ? best : throw new DfssException(
            DfssErrorCode.VersionNotSupported,
            $"This peer speaks protocol version {Join(supported)}, and {Join(offered)} was offered.",
            "Update the older side.");
    }

    internal static string Join(IReadOnlyList<int> versions) => versions.Count == 0
        ? "none"
        : string.Join(", ", versions.Select(version => version.ToString(CultureInfo.InvariantCulture)));

    internal static MessageValue ToArray(IReadOnlyList<int> values) =>
        MessageValue.From([.. values.Select(value => (MessageValue)value)]);

    internal static MessageValue ToArray(IReadOnlyList<string> values) =>
        MessageValue.From([.. values.Select(value => (MessageValue)value)]);

    internal static int[] ToIntegers(MessageValue value) => [.. value.AsArray().Select(ToInteger)];

    internal static string[] ToTexts(MessageValue value) => [.. value.AsArray().Select(item => item.AsText())];

    /// <summary>
    /// The addresses that the other side says, those that are none left out: one that nobody can connect to is no
    /// reason to leave the others.
    /// </summary>
    internal static string[] ToAddresses(MessageValue value) =>
        [.. ToTexts(value).Where(text => PeerAddress.TryParse(text, out _)).Take(DfssLimits.MaxAddresses)];

    /// <summary>A time in milliseconds since 1970-01-01 UTC, to the end of the year 9999.</summary>
    internal static DateTimeOffset ToTime(MessageValue value) => value.AsInteger() is <= MaxUnixMilliseconds and long time
        ? DateTimeOffset.FromUnixTimeMilliseconds(time)
        : throw new DfssException(DfssErrorCode.InvalidArgument, $"The time {value.AsInteger()} is after the year 9999.");

    internal static int ToInteger(MessageValue value) => value.AsInteger() is >= 0 and <= int.MaxValue and long number
        ? (int)number
        : throw new DfssException(DfssErrorCode.InvalidArgument, $"The number {value.AsInteger()} is out of range.");
}
