using System.Globalization;

namespace Dfss.Protocol;

/// <summary>A client's hello. Its text form has the software only, since the token is a secret.</summary>
/// <param name="Versions">The protocol versions that the client supports.</param>
/// <param name="Software">The client's software name and version, for the peer's log.</param>
/// <param name="Capabilities">The client's capabilities beyond its version; the peer ignores unknown names.</param>
internal sealed record HelloRequest(IReadOnlyList<int> Versions, string Software, IReadOnlyList<string> Capabilities)
{
    /// <summary>
    /// The token of a peer on loopback, which shows the peer that the client runs as the same user; null for none.
    /// </summary>
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

/// <summary>The limits that a peer announces. A client keeps within them.</summary>
/// <param name="MaxFrameBytes">The longest body of a frame.</param>
/// <param name="MaxChunkBytes">The longest chunk.</param>
/// <param name="MaxRequestsInFlight">The most unanswered requests on one connection.</param>
internal sealed record HelloLimits(int MaxFrameBytes, int MaxChunkBytes, int MaxRequestsInFlight)
{
    /// <summary>The limits of <see cref="DfssLimits"/>.</summary>
    public static HelloLimits Default
    {
        get;
    } = new(DfssLimits.MaxFrameBytes, DfssLimits.MaxChunkSize, DfssLimits.MaxRequestsInFlight);
}

/// <summary>A peer's answer to hello.</summary>
/// <param name="Version">The version that both sides use from now on.</param>
/// <param name="Software">The peer's software and its version.</param>
/// <param name="StoreId">The store that the peer serves.</param>
/// <param name="Addresses">The addresses at which the peer says it can be reached, as <c>host:port</c>.</param>
/// <param name="Capabilities">The peer's capabilities beyond its version.</param>
/// <param name="Limits">The peer's limits.</param>
internal sealed record HelloAnswer(
    int Version, string Software, StoreId StoreId, IReadOnlyList<string> Addresses, IReadOnlyList<string> Capabilities,
    HelloLimits Limits)
{
    /// <summary>
    /// Whether the client is limited to some names. Such a client gets chunks that it did not
    /// store itself only by name.
    /// </summary>
    public bool IsLimited { get; init; }

    /// <summary>Whether the client's role does not permit it to change anything.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>The number of the peer's copy of the cluster's revocation list; null if the peer keeps none.</summary>
    public long? RevocationNumber { get; init; }

    /// <summary>
    /// The number of the peer's statement of where the cluster's issuer is, 0 if it has none yet; null if the peer
    /// keeps none.
    /// </summary>
    public long? IssuerNumber { get; init; }

    /// <summary>Which run of the peer answers; null from a peer that shares its store with others, and from older
    /// peers.</summary>
    public PeerInstance? Instance { get; init; }

    /// <summary>Whether several peers may serve the store at one time.</summary>
    public bool IsShared => Instance is null;

    /// <summary>The clock of an issuer; null from every other peer, and from older issuers.</summary>
    public DateTimeOffset? Time { get; init; }

    public MessageMap ToMap()
    {
        MessageMap map = ToPlainMap();
        Instance?.AddTo(map);
        if (IsLimited)
        {
            map.Add("limited", true);
        }

        if (IsReadOnly)
        {
            map.Add("read_only", true);
        }

        if (RevocationNumber is long number)
        {
            map.Add("revocations", number);
        }

        if (IssuerNumber is long statement)
        {
            map.Add("issuer", statement);
        }

        if (Time is DateTimeOffset time)
        {
            map.Add("time", Handshake.FromTime(time));
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

    /// <exception cref="DfssException">
    /// InvalidArgument: a key is missing, of the wrong kind or out of range.
    /// </exception>
    public static HelloAnswer FromMap(MessageMap map)
    {
        MessageMap limits = map.Required("limits").AsMap();
        byte[] storeId = map.Required("store_id").AsBinary();
        return new HelloAnswer(
            Handshake.ToInteger(map.Required("version")),
            PrintableText.From(map.Required("software").AsText(), Handshake.MaxSoftwareCharacters),
            storeId.Length == StoreId.SizeBytes
                ? new StoreId(storeId)
                : throw new DfssException(
                    DfssErrorCode.InvalidArgument, $"A store id has {StoreId.SizeBytes} bytes, not {storeId.Length}."),
            Handshake.ToAddresses(map.Required("addresses")),
            map.TryGet("capabilities", out MessageValue capabilities) ? Handshake.ToTexts(capabilities) : [],
            new HelloLimits(
                Handshake.ToInteger(limits.Required("frame")),
                Handshake.ToInteger(limits.Required("chunk")),
                Math.Max(1, Handshake.ToInteger(limits.Required("requests")))))
        {
            IsLimited = map.TryGet("limited", out MessageValue limited) && limited.AsBoolean(),
            IsReadOnly = map.TryGet("read_only", out MessageValue readOnly) && readOnly.AsBoolean(),
            RevocationNumber = map.TryGet("revocations", out MessageValue number) ? number.AsInteger() : null,
            IssuerNumber = map.TryGet("issuer", out MessageValue statement) ? statement.AsInteger() : null,
            Instance = PeerInstance.FromMap(map),
            Time = map.TryGet("time", out MessageValue time) ? Handshake.ToTime(time) : null,
        };
    }
}

/// <summary>
/// hello: the first request on a connection, which negotiates the protocol version. The form of
/// hello itself never changes.
/// </summary>
internal static class Handshake
{
    /// <summary>256: a longer software name of the other side is cut.</summary>
    internal const int MaxSoftwareCharacters = 256;

    /// <summary>The last millisecond of the year 9999.</summary>
    private const long MaxUnixMilliseconds = 253_402_300_799_999;

    /// <summary>The protocol version of this software.</summary>
    public const int Version = 1;

    /// <summary>Every protocol version that this software supports, the newest last.</summary>
    public static IReadOnlyList<int> SupportedVersions { get; } = [Version];

    /// <summary>The name and version of this software, as sent in hello.</summary>
    public static string Software { get; } =
        $"dfss/{typeof(Handshake).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "0"}";

    /// <summary>The highest version that both sides support.</summary>
    /// <exception cref="DfssException">VersionNotSupported, with the versions that this side supports.</exception>
    public static int Negotiate(IReadOnlyList<int> offered) => Negotiate(offered, SupportedVersions);

    /// <summary>The highest version in both lists.</summary>
    /// <exception cref="DfssException">
    /// VersionNotSupported, with the versions in <paramref name="supported"/>.
    /// </exception>
    public static int Negotiate(IReadOnlyList<int> offered, IReadOnlyList<int> supported)
    {
        int best = -1;
        foreach (int version in offered)
        {
            best = supported.Contains(version) ? Math.Max(best, version) : best;
        }

        return best >= 0 ? best : throw new DfssException(
            DfssErrorCode.VersionNotSupported,
            $"This peer supports protocol version {Join(supported)}, and {Join(offered)} was offered.",
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
    /// The addresses that the other side sent, in the form in which they fit into a record, without those that do not
    /// parse: an invalid address does not invalidate the others.
    /// </summary>
    internal static string[] ToAddresses(MessageValue value) =>
    [
        .. ToTexts(value)
            .Select(text => PeerAddress.TryParse(text, out PeerAddress? address) ? address.ToString() : null)
            .OfType<string>().Take(DfssLimits.MaxAddresses),
    ];

    /// <summary>A time in milliseconds since 1970-01-01 UTC, up to the end of the year 9999.</summary>
    internal static DateTimeOffset ToTime(MessageValue value) =>
        value.AsInteger() is <= MaxUnixMilliseconds and long time
            ? DateTimeOffset.FromUnixTimeMilliseconds(time)
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The time {value.AsInteger()} is after the year 9999.");

    /// <summary>The same, to be sent; a clock before 1970 shows 1970.</summary>
    internal static MessageValue FromTime(DateTimeOffset time) => Math.Max(0, time.ToUnixTimeMilliseconds());

    internal static int ToInteger(MessageValue value) => value.AsInteger() is >= 0 and <= int.MaxValue and long number
        ? (int)number
        : throw new DfssException(DfssErrorCode.InvalidArgument, $"The number {value.AsInteger()} is out of range.");
}
