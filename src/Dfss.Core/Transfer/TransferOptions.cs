using Dfss.Encryption;
using Dfss.Security;

namespace Dfss.Transfer;

/// <summary>How a client transfers.</summary>
public sealed record TransferOptions
{
    /// <summary>16: 8 chunks in flight fill a link to one peer, and 16 keep two busy within 16 MiB of memory.</summary>
    public const int DefaultThrottleLimit = 16;

    /// <summary>The options that hold when none are given.</summary>
    public static TransferOptions Default { get; } = new();

    /// <summary>Chunks in flight at one moment over all files and peers of a client, 1-256.</summary>
    public int ThrottleLimit
    {
        get;
        init => field = value is >= 1 and <= 256
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(ThrottleLimit), value, "The throttle limit is 1 to 256 chunks.");
    } = DefaultThrottleLimit;

    /// <summary>How many bytes of chunks a second are moved at most, over all files, each copy counted; null for no
    /// limit.</summary>
    public long? BytesPerSecond
    {
        get;
        init => field = value is null or > 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(BytesPerSecond), value, "A rate is above zero.");
    }

    /// <summary>How long connecting to one address may take. 5 s: a SYN and two retransmissions.</summary>
    public TimeSpan ConnectTimeout
    {
        get;
        init => field = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ConnectTimeout), value, "A time-out is above zero.");
    } = TimeSpan.FromSeconds(5);

    /// <summary>How often a chunk is tried over all its holders before a receive fails.</summary>
    public int MaxAttempts
    {
        get;
        init => field = value is >= 1 and <= 100
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxAttempts), value, "Attempts are 1 to 100.");
    } = 5;

    /// <summary>
    /// The delay before the second attempt; it doubles with each, up to 5 s, and has jitter: half of it either way.
    /// </summary>
    public TimeSpan RetryDelay { get; init; } = DefaultRetryDelay;

    /// <summary>200 ms. Tests of the cmdlets set it, where a caller cannot.</summary>
    internal static TimeSpan DefaultRetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// The client's certificate, and the authorities that it trusts: all connections then use TLS, and a peer without
    /// certificates is refused. Null for plaintext.
    /// </summary>
    public TlsIdentity? Identity { get; init; }

    /// <summary>
    /// Whether the client uses plaintext to peers on loopback that this user has started without certificates (as their
    /// tokens show) although there is an <see cref="Identity"/>: for an identity that the caller did not ask for.
    /// </summary>
    public bool AllowsOwnPlaintextPeers { get; init; }

    /// <summary>
    /// A private folder of this user for the journals of sends of large files: the chunk ids, as they are computed, so
    /// that an interrupted send does not read an unchanged file again. Created when first needed; its content may be
    /// deleted at any time. Null for none.
    /// </summary>
    public string? StateFolder { get; init; }

    /// <summary>Called, from any thread, with warnings: the transfer goes on.</summary>
    public Action<string>? Warning { get; init; }

    /// <summary>Called, from any thread, with details of what the transfer does.</summary>
    public Action<string>? Verbose { get; init; }

    /// <summary>Called, from any thread, with each request to a peer when it has ended; null costs nothing.</summary>
    public Action<string>? Debug { get; init; }

    /// <summary>The clock for time-outs and delays.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

/// <summary>How one file is sent.</summary>
public sealed record SendOptions
{
    /// <summary>2: a file survives the loss of one of its peers, at twice the space.</summary>
    public const int DefaultReplicas = 2;

    /// <summary>1: a version replaced by mistake is still there, at no more than twice the space.</summary>
    public const int DefaultKeepVersions = 1;

    /// <summary>The options that hold when none are given.</summary>
    public static SendOptions Default { get; } = new();

    /// <summary>The chunk size in bytes; doubled automatically until the manifest fits.</summary>
    public int ChunkSize
    {
        get;
        init => field = value is >= DfssLimits.MinChunkSize and <= DfssLimits.MaxChunkSize
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ChunkSize), value, "The chunk size is 64 KiB to 16 MiB.");
    } = DfssLimits.DefaultChunkSize;

    /// <summary>
    /// R: the number of members that each chunk is to be at, 1-64 and at most as many as the home has; null for 2, or 1
    /// where the home has one member.
    /// </summary>
    public int? Replicas { get; init => field = InRange(value, nameof(Replicas)); }

    /// <summary>
    /// The number of members that each chunk must be at for the send to succeed, 1 to <see cref="Replicas"/>; null for
    /// 2, or 1 where one copy is asked for.
    /// </summary>
    public int? MinimumReplicas { get; init => field = InRange(value, nameof(MinimumReplicas)); }

    /// <summary>
    /// Whether the journal of an interrupted send of this file in <see cref="TransferOptions.StateFolder"/> is deleted:
    /// the file is read and hashed from its start. Chunks that the peers have are not sent again.
    /// </summary>
    public bool Restart { get; init; }

    /// <summary>
    /// The recipients that the file is encrypted for, so that the peers cannot read it; empty for no encryption.
    /// </summary>
    public IReadOnlyList<Recipient> Recipients { get; init; } = [];

    /// <summary>Suspends the transfer; null if it never is.</summary>
    public TransferGate? Gate { get; init; }

    /// <summary>Whether an existing name is replaced, at any version.</summary>
    public bool Force { get; init; }

    /// <summary>
    /// Replaces exactly this version; takes precedence over <see cref="Force"/>. The version of a removed name counts,
    /// and 0 is that of a name that was never sent. Null for no such condition.
    /// </summary>
    public long? IfVersion
    {
        get;
        init => field = value is null or >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(IfVersion), value, "A version is 0 or above.");
    }

    /// <summary>
    /// How many earlier versions of the name are kept beside this one, 0-64. A version with the same content as the
    /// next one is neither counted nor kept, so sending a file again costs no earlier version.
    /// </summary>
    public int KeepVersions
    {
        get;
        init => field = value is >= 0 and <= DfssLimits.MaxPreviousVersions
            ? value
            : throw new ArgumentOutOfRangeException(nameof(KeepVersions), value, "Earlier versions kept are 0 to 64.");
    } = DefaultKeepVersions;

    internal static int? InRange(int? value, string name) => value is null or (>= 1 and <= DfssLimits.MaxHomeMembers)
        ? value
        : throw new ArgumentOutOfRangeException(name, value, "Copies are 1 to 64.");
}

/// <summary>How one file is received.</summary>
public sealed record ReceiveOptions
{
    /// <summary>The options that hold when none are given.</summary>
    public static ReceiveOptions Default { get; } = new();

    /// <summary>Suspends the transfer; null if it never is.</summary>
    public TransferGate? Gate { get; init; }

    /// <summary>Whether an existing destination is replaced.</summary>
    public bool Force { get; init; }

    /// <summary>
    /// Whether what an earlier receive has kept of the file is deleted, and all of it is fetched again.
    /// </summary>
    public bool Restart { get; init; }

    /// <summary>
    /// The keys to read an encrypted file with; null for a file that is not encrypted. With keys, a file that is not
    /// encrypted is refused: any writer could have replaced it.
    /// </summary>
    public KeyRing? Keys { get; init; }

    /// <summary>
    /// Whether the file gets holes where whole blocks are zero, and is also received if it fits only with holes. True
    /// by default.
    /// </summary>
    public bool IsSparse { get; init; } = true;

    /// <summary>Whether the file and its name are on stable storage (fsync) when the receive returns.</summary>
    public bool Durable { get; init; }
}
