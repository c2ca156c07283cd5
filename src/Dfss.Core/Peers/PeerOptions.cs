using Dfss.Clusters;
using Dfss.Records;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <summary>How a peer runs.</summary>
public sealed record PeerOptions
{
    /// <summary>8 MiB/s: see <see cref="ScrubBytesPerSecond"/>.</summary>
    public const long DefaultScrubBytesPerSecond = 8 << 20;

    /// <summary>The store's folder, made where it does not exist; null keeps everything in memory.</summary>
    public string? StorePath { get; init; }

    /// <summary>
    /// The engine that keeps the store, in place of <see cref="StorePath"/>: any number of peers may serve one store
    /// there. It has no quota, no minimum of free space and no scrub; its peer is no issuer.
    /// </summary>
    public StoreEngine? Engine { get; init; }

    /// <summary>
    /// The operator's decision about a store that is not where it last ran. For one start: leave it out afterwards.
    /// </summary>
    public StoreRelocation StoreRelocation { get; init; }

    /// <summary>What to listen on: <c>localhost</c> (127.0.0.1 and ::1), an IP address of this machine, or <c>*</c> for
    /// all. Anything but loopback needs an <see cref="Identity"/>, or
    /// <see cref="AllowUnauthenticatedNetwork"/>.</summary>
    public string Address { get; init; } = "localhost";

    /// <summary>The TCP port; 0 takes any free one.</summary>
    public int Port
    {
        get;
        init => field = value is >= 0 and <= ushort.MaxValue
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Port), value, "A port is 0 to 65535.");
    } = DfssLimits.DefaultPort;

    /// <summary>
    /// The addresses at which clients can reach this peer, as <c>host</c> or <c>host:port</c>; empty for those that it
    /// listens on.
    /// </summary>
    public IReadOnlyList<string> AdvertisedAddresses { get; init; } = [];

    /// <summary>The peer's certificate and its trusted authorities. The peer then uses TLS only, requires client
    /// certificates, and permits what each client's role allows. Null for plaintext.</summary>
    public TlsIdentity? Identity { get; init; }

    /// <summary>Called hourly, and when the cluster's issuer has another address, with the current identity and the
    /// peer's addresses; returns the identity to use from then on. So a member's certificate is renewed, one that
    /// another process renewed is loaded, and the issuer has the peer's addresses. It returns its argument if nothing
    /// changed. Null: the identity stays as it is.</summary>
    public Func<TlsIdentity, IReadOnlyList<string>, CancellationToken, Task<TlsIdentity>>? RenewIdentity { get; init; }

    /// <summary>
    /// The authority of the peer's cluster, if this peer is the issuer. It then needs no <see cref="Identity"/>: it
    /// makes a certificate for its store itself. The peer disposes the issuer when it stops, or cannot be started.
    /// </summary>
    public ClusterIssuer? Issuer { get; init; }

    /// <summary>Lets the peer listen on any address without authentication, although nothing is encrypted and every
    /// client that reaches the port can read, write and replace every file.</summary>
    public bool AllowUnauthenticatedNetwork { get; init; }

    /// <summary>
    /// Bytes a second at which the peer reads its store in the background to find corrupt chunks; 0 turns that off. The
    /// default is 8 MiB/s: 1 TB in a day and a half, well within the week between two rounds, at a twentieth of the
    /// rate of a slow disk.
    /// </summary>
    public long ScrubBytesPerSecond
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ScrubBytesPerSecond), value, "A rate is 0 or more.");
    } = DefaultScrubBytesPerSecond;

    /// <summary>
    /// The most bytes of chunks that the store keeps; null for no limit. A chunk beyond it is refused with
    /// <see cref="DfssErrorCode.StoreFull"/> before a byte is written. Reads, votes and seals go on.
    /// </summary>
    public long? QuotaBytes
    {
        get;
        init => field = value is null or > 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(QuotaBytes), value, "A quota is 1 or more, or null.");
    }

    /// <summary>
    /// Bytes that are to stay free on the store's disk: chunks that would use them are refused like those over the
    /// quota. Null: 256 MiB, or a twentieth of a disk of less than 5 GiB, so that votes and seals, which are few bytes,
    /// never fail for lack of space.
    /// </summary>
    public long? MinimumFreeBytes
    {
        get;
        init => field = value is null or >= 0
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(MinimumFreeBytes), value, "Space to stay free is 0 or more, or null.");
    }

    /// <summary>A private folder of this user. A peer on loopback without an <see cref="Identity"/> writes a token
    /// there, and serves only clients that send it: this user's programs, which read it there. Null: there is
    /// none.</summary>
    public string? StateFolder { get; init; } = UserState.Folder;

    /// <summary>Called, from any thread, with a line for the operator's log.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>A seam: wraps the store of the registers.</summary>
    internal Func<IRecordStore, IRecordStore> ServeRecords { get; init; } = records => records;

    /// <summary>A seam: wraps the store of the chunks, for all that uses it.</summary>
    internal Func<IDurableChunkStore, IDurableChunkStore> ServeChunks { get; init; } = chunks => chunks;

    /// <summary>A seam: called before each request is handled; where it gives false, the connection breaks in place of
    /// an answer.</summary>
    internal Func<CancellationToken, ValueTask<bool>> AdmitRequest { get; init; } = _ => new(true);

    /// <summary>The id of a store in memory, which a certificate names before the peer starts; null for a new
    /// one.</summary>
    internal StoreId? MemoryStoreId { get; init; }

    /// <summary>The clock for time-outs.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>How often the revocation list is checked for open connections: 5 s, so that an administrator sees a
    /// revocation take effect.</summary>
    internal TimeSpan IdentityInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often <see cref="RenewIdentity"/> is asked: hourly, as a certificate holds for days at the
    /// least.</summary>
    internal TimeSpan RenewalInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a client may take to send hello: 10 s, so that a silent connection does not stay for
    /// long.</summary>
    internal TimeSpan HelloLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether <see cref="FailedHandshakes"/> have consequences: not for a test that makes
    /// thousands.</summary>
    internal bool DelaysFailedHandshakes { get; init; } = true;

    /// <summary>The time-outs of connections; their clock is <see cref="TimeProvider"/>.</summary>
    internal ChannelOptions Channel { get; init; } = ChannelOptions.Default;

    /// <summary>
    /// How often garbage is collected: hourly, as a chunk is deleted a day after a client last asked for it.
    /// </summary>
    internal TimeSpan CollectionInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a chunk that no file needs is kept after it was last put or asked for.</summary>
    internal TimeSpan GracePeriod { get; init; } = GarbageCollector.DefaultGracePeriod;

    /// <summary>What a store in an engine does not have must not be given with one, and then not hold.</summary>
    /// <exception cref="DfssException">InvalidArgument, with the options that are given.</exception>
    internal void ThrowIfNotOfEngine()
    {
        if (Engine is null)
        {
            return;
        }

        (string Name, bool IsGiven)[] options =
        [
            (nameof(StorePath), StorePath is not null),
            (nameof(StoreRelocation), StoreRelocation != StoreRelocation.None),
            (nameof(Issuer), Issuer is not null),
            (nameof(QuotaBytes), QuotaBytes is not null),
            (nameof(MinimumFreeBytes), MinimumFreeBytes is not null),
            (nameof(MemoryStoreId), MemoryStoreId is not null),
        ];
        string given = string.Join(", ", options.Where(option => option.IsGiven).Select(option => option.Name));
        if (given.Length > 0)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"A peer of the store '{Engine.Address}', which is in an engine, does not have {given}.",
                "Leave them out, or keep the store in a folder.");
        }
    }
}
