namespace Dfss.Testing;

/// <summary>How a peer process runs, where that is not as usual.</summary>
internal sealed record PeerSettings
{
    public static PeerSettings Default { get; } = new();

    /// <summary>Where it says it can be found; null for where it listens.</summary>
    public string? AdvertisedAddress { get; init; }

    /// <summary>What is said of a store that is not where it last ran.</summary>
    public StoreRelocation StoreRelocation { get; init; }

    /// <summary>The rate of its scrub: 0, since tests that corrupt chunks find them themselves.</summary>
    public long ScrubBytesPerSecond { get; init; }

    /// <summary>What is to stay free on its disk; null for what peers leave free by themselves.</summary>
    public long? MinimumFreeBytes { get; init; }

    /// <summary>
    /// A folder with its certificate and those it trusts, as <see cref="TargetIdentities"/> writes them; null for no
    /// TLS.
    /// </summary>
    public string? IdentityFolder { get; init; }

    /// <summary>
    /// How long it waits for a byte within a frame, and in an idle connection, each; null for as usual.
    /// </summary>
    public double? TimeLimitSeconds { get; init; }

    /// <summary>
    /// The access key for the engine of its store, where that takes any secret; null for the credentials that the AWS
    /// SDK finds.
    /// </summary>
    public string? EngineAccessKey { get; init; }

    /// <summary>
    /// Makes it a peer that breaks a rule: SyncFile or SyncDirectory leaves out the syncs of that kind for paths that
    /// match <see cref="BreachedPaths"/>; others are those of <see cref="BreachingRecordStore"/>. Null for none.
    /// </summary>
    public string? Breach { get; init; }

    public string? BreachedPaths { get; init; }
}
