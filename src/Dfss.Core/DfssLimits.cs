namespace Dfss;

/// <summary>The numbers that both sides hold to, each with its origin.</summary>
public static class DfssLimits
{
    /// <summary>The port a peer listens on when none is named. From the demo that DFSS grew out of.</summary>
    public const int DefaultPort = 9000;

    /// <summary>
    /// 1 MiB: with 512 KiB the fastest size measured (it fits the cache), and 1,024 ids a GiB keep manifests small.
    /// </summary>
    public const int DefaultChunkSize = 1 << 20;

    /// <summary>64 KiB: below it a frame's and a file's own cost outweigh the bytes.</summary>
    public const int MinChunkSize = 64 << 10;

    /// <summary>16 MiB: one frame's payload; 8 of them are a peer's whole payload budget.</summary>
    public const int MaxChunkSize = 16 << 20;

    /// <summary>The longest payload of a frame in bytes: one chunk of the largest size.</summary>
    public const int MaxPayloadBytes = MaxChunkSize;

    /// <summary>
    /// Everything of a message before its payload: 64 KiB holds every argument map, as bulk travels in the payload.
    /// </summary>
    public const int MaxHeaderBytes = 64 << 10;

    /// <summary>The longest body of a frame.</summary>
    public const int MaxFrameBytes = MaxHeaderBytes + MaxPayloadBytes;

    /// <summary>The longest body before hello is answered: a stranger gets no more of our memory than this.</summary>
    public const int MaxHelloFrameBytes = 4 << 10;

    /// <summary>The deepest nesting of a message. The deepest one defined is 4; the rest is room.</summary>
    public const int MaxDepth = 8;

    /// <summary>Requests in flight on one connection. 8 fill a fast link, 32 a slow one.</summary>
    public const int MaxRequestsInFlight = 32;

    /// <summary>What a peer holds of payloads at one moment, over all connections: 128 MiB.</summary>
    public const long PayloadBudgetBytes = 128L << 20;

    /// <summary>
    /// The most chunks a file can have: its manifest (a 24-byte header and 32 bytes a chunk) is itself a chunk of at
    /// most 16 MiB. With chunks of 16 MiB that is 8 TiB less 16 MiB.
    /// </summary>
    public const int MaxChunksPerFile = (MaxPayloadBytes - FileManifest.HeaderBytes) / ChunkId.SizeBytes;

    /// <summary>
    /// The longest name in bytes of UTF-8: four times the 255 bytes of common file systems, for names with '/'.
    /// </summary>
    public const int MaxNameBytes = 1024;

    /// <summary>The longest host of a peer's address in bytes of UTF-8: the longest name that DNS has.</summary>
    public const int MaxHostBytes = 253;

    /// <summary>The longest address of a peer in bytes of UTF-8: the longest host, a colon and the five digits of a port.</summary>
    public const int MaxAddressBytes = MaxHostBytes + 6;

    /// <summary>The most addresses of one peer: enough for two networks in both address families, and names.</summary>
    public const int MaxAddresses = 8;

    /// <summary>
    /// The most members of a home. Every member is asked in every step, so more would only be slower.
    /// </summary>
    public const int MaxHomeMembers = 64;

    /// <summary>
    /// The most earlier versions of a name that are kept. Some 100 bytes each, and an envelope's 4 KiB at most where they are
    /// encrypted: more would make lists heavy.
    /// </summary>
    public const int MaxPreviousVersions = 64;

    /// <summary>
    /// Connections a peer serves at one moment; the next one is told <see cref="DfssErrorCode.PeerBusy"/>.
    /// </summary>
    public const int MaxConnections = 256;

    /// <summary>
    /// Of these, connections of one identity: a certificate, or an address where there is none. Half, for others.
    /// </summary>
    public const int MaxConnectionsPerIdentity = 128;

    /// <summary>
    /// Besides these, connections that have not yet said a good hello. A slow link's handshake takes a second: 64 a second.
    /// </summary>
    public const int MaxUnauthenticatedConnections = 64;
}
