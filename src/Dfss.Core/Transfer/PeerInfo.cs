using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transfer;

/// <summary>What a peer reports of itself.</summary>
public sealed record PeerInfo
{
    /// <summary>A thousand years, which a TimeSpan still holds.</summary>
    private const long MaxUptimeMilliseconds = 1000L * 365 * 24 * 60 * 60 * 1000;

    /// <summary>64: a peer has a handful.</summary>
    private const int MaxBackgroundTasks = 64;

    /// <summary>The longest path of Linux; a longer text of a peer is cut off.</summary>
    private const int MaxTextCharacters = 4096;

    /// <summary>The store it serves.</summary>
    public required StoreId StoreId { get; init; }

    /// <summary>Its software and version, for example <c>dfss/0.1.0</c>.</summary>
    public required string Software { get; init; }

    /// <summary>The addresses that it advertises, as <c>host:port</c>.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>The id of its process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The store's folder, or its address in an engine; null for a store in memory.</summary>
    public string? StorePath { get; init; }

    /// <summary>How long it has run.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Open connections at the moment of asking.</summary>
    public required int Connections { get; init; }

    /// <summary>Chunks stored.</summary>
    public required long Chunks { get; init; }

    /// <summary>Bytes of chunks stored.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Corrupt chunks that were set aside and are kept for inspection; they count as missing.</summary>
    public required long QuarantinedChunks { get; init; }

    /// <summary>The state of the peer's scrub, which re-reads all it stores.</summary>
    public required ScrubInfo Scrub { get; init; }

    /// <summary>The most bytes of chunks that it stores; null for no limit.</summary>
    public long? QuotaBytes { get; init; }

    /// <summary>Bytes that it leaves free on the store's file system; null for a store in memory.</summary>
    public long? MinimumFreeBytes { get; init; }

    /// <summary>Bytes free on the store's file system; null for a store in memory.</summary>
    public long? FreeBytes { get; init; }

    /// <summary>Why its store takes no more writes and votes until the peer is restarted; null while it does.</summary>
    public string? StoreFault { get; init; }

    /// <summary>The time by its own clock when it answered; null for a peer that does not report it.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>When its certificate began to be valid; null without a certificate, or if it is not reported.</summary>
    public DateTimeOffset? CertificateFrom { get; init; }

    /// <summary>When its certificate expires; null without a certificate, or if it is not reported.</summary>
    public DateTimeOffset? CertificateUntil { get; init; }

    /// <summary>
    /// Its background tasks and their states; empty for a peer that does not report them.
    /// </summary>
    public IReadOnlyList<BackgroundTaskInfo> BackgroundTasks { get; init; } = [];

    /// <summary>
    /// The TLS version and cipher agreed upon with it, and its identity; null where nothing is encrypted.
    /// </summary>
    public TlsAgreement? Tls { get; init; }

    /// <summary>Reads the results of peer_info.</summary>
    /// <exception cref="DfssException">
    /// InvalidArgument: a key is missing, of the wrong kind or out of range.
    /// </exception>
    internal static PeerInfo FromMap(StoreId storeId, MessageMap map) => new()
    {
        StoreId = storeId,
        Software = Printable(map.Required("software").AsText()),
        Addresses = Handshake.ToAddresses(map.Required("addresses")),
        ProcessId = Handshake.ToInteger(map.Required("process_id")),
        StorePath = map.TryGet("store_path", out MessageValue path) ? Printable(path.AsText()) : null,
        Uptime = map.Required("uptime_ms").AsInteger() is <= MaxUptimeMilliseconds and long uptime
            ? TimeSpan.FromMilliseconds(uptime)
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, "A peer's uptime is at most a thousand years."),
        Connections = Handshake.ToInteger(map.Required("connections")),
        Chunks = map.Required("chunks").AsInteger(),
        StoredBytes = map.Required("stored_bytes").AsInteger(),
        QuarantinedChunks = map.Required("quarantined").AsInteger(),
        Scrub = ScrubInfo.FromMap(map.Required("scrub").AsMap()),
        QuotaBytes = map.TryGet("quota_bytes", out MessageValue quota) ? quota.AsInteger() : null,
        MinimumFreeBytes = map.TryGet("minimum_free_bytes", out MessageValue minimum) ? minimum.AsInteger() : null,
        FreeBytes = map.TryGet("free_bytes", out MessageValue free) ? free.AsInteger() : null,
        StoreFault = map.TryGet("fault", out MessageValue fault) ? Printable(fault.AsText()) : null,
        Time = ReadTime(map, "time"),
        CertificateFrom = ReadTime(map, "certificate_from"),
        CertificateUntil = ReadTime(map, "certificate_until"),
        BackgroundTasks = map.TryGet("background", out MessageValue background) ? ReadBackground(background) : [],
    };

    private static IReadOnlyList<BackgroundTaskInfo> ReadBackground(MessageValue background)
    {
        IReadOnlyList<MessageValue> tasks = background.AsArray();
        return tasks.Count <= MaxBackgroundTasks
            ? [.. tasks.Select(one => ReadBackground(one.AsMap()))]
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, "A peer reports more background tasks than a client reads.");
    }

    private static BackgroundTaskInfo ReadBackground(MessageMap map) => new(Printable(map.Required("name").AsText()))
    {
        IsRunning = map.Required("running").AsBoolean(),
        Restarts = map.Required("restarts").AsInteger(),
        FailedSince = ReadTime(map, "failed_since"),
        LastSucceeded = ReadTime(map, "last_succeeded"),
        LastFailed = ReadTime(map, "last_failed"),
        LastError = map.TryGet("last_error", out MessageValue error) ? Printable(error.AsText()) : null,
    };

    private static DateTimeOffset? ReadTime(MessageMap map, string key) =>
        map.TryGet(key, out MessageValue time) ? Handshake.ToTime(time) : null;

    private static string Printable(string text) => PrintableText.From(text, MaxTextCharacters);
}
