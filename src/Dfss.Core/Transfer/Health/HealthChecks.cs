namespace Dfss.Transfer;

/// <summary>The names of all health checks. docs/operations.md describes each.</summary>
public static class HealthChecks
{
    /// <summary>A peer does not answer.</summary>
    public const string PeerDown = "PEER_DOWN";

    /// <summary>A file has fewer copies than it should have.</summary>
    public const string UnderReplicated = "UNDER_REPLICATED";

    /// <summary>No peer that answers has a chunk of a file.</summary>
    public const string ChunkMissing = "CHUNK_MISSING";

    /// <summary>A peer has not read its store for too long, or does not do so at all.</summary>
    public const string ScrubLate = "SCRUB_LATE";

    /// <summary>A peer has not collected garbage for too long.</summary>
    public const string CollectionLate = "COLLECTION_LATE";

    /// <summary>A peer has little space left.</summary>
    public const string DiskFilling = "DISK_FILLING";

    /// <summary>A peer's certificate expires soon, or has expired.</summary>
    public const string CertificateEnding = "CERTIFICATE_ENDING";

    /// <summary>The clock of a peer differs from the client's.</summary>
    public const string ClockSkew = "CLOCK_SKEW";

    /// <summary>Peers run different versions.</summary>
    public const string VersionMixed = "VERSION_MIXED";

    /// <summary>A background task of a peer fails.</summary>
    public const string TaskFailing = "TASK_FAILING";

    /// <summary>The store of a peer takes no more writes until the peer is restarted.</summary>
    public const string StoreReadOnly = "STORE_READ_ONLY";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        PeerDown, UnderReplicated, ChunkMissing, ScrubLate, CollectionLate, DiskFilling, CertificateEnding, ClockSkew,
        VersionMixed, TaskFailing, StoreReadOnly,
    ];

    /// <summary>Whether a check is made of files, not of peers.</summary>
    internal static bool IsOfFiles(string check) => check is UnderReplicated or ChunkMissing;
}
