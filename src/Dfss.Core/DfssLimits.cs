namespace Dfss;

/// <summary>The limits that client and peer keep, each with its origin.</summary>
public static class DfssLimits
{
    /// <summary>The default port of a peer. It is that of the demo that DFSS came from.</summary>
    public const int DefaultPort = 9000;

    /// <summary>
    /// 1 MiB: with 512 KiB the fastest size measured (it fits the cache), and 1,024 ids per GiB keep manifests small.
    /// </summary>
    public const int DefaultChunkSize = 1 << 20;

    /// <summary>64 KiB: for smaller chunks the fixed costs of a frame and a file outweigh those of the bytes.</summary>
    public const int MinChunkSize = 64 << 10;

    /// <summary>16 MiB: the payload of one frame; 8 of them fill the payload budget of a peer.</summary>
    public const int MaxChunkSize = 16 << 20;

    /// <summary>The longest payload of a frame in bytes: one chunk of the largest size.</summary>
    public const int MaxPayloadBytes = MaxChunkSize;

    /// <summary>
    /// The longest part of a message before its payload: 64 KiB holds every argument map, as
    /// bulk data is in the payload.
    /// </summary>
    public const int MaxHeaderBytes = 64 << 10;

    /// <summary>The longest body of a frame.</summary>
    public const int MaxFrameBytes = MaxHeaderBytes + MaxPayloadBytes;

    /// <summary>
    /// The longest body before hello is answered: an unauthenticated connection gets no more memory than this.
    /// </summary>
    public const int MaxHelloFrameBytes = 4 << 10;

    /// <summary>The deepest nesting of a message. The deepest message defined has 4; the rest is reserve.</summary>
    public const int MaxDepth = 8;

    /// <summary>The most requests in flight on one connection. 8 fill a fast link, 32 a slow one.</summary>
    public const int MaxRequestsInFlight = 32;

    /// <summary>The most payload bytes that a peer holds in memory, over all connections: 128 MiB.</summary>
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

    /// <summary>
    /// The longest address of a peer in bytes of UTF-8: the longest host, a colon and the five digits of a port.
    /// </summary>
    public const int MaxAddressBytes = MaxHostBytes + 6;

    /// <summary>The most addresses of one peer: enough for two networks in both address families, and names.</summary>
    public const int MaxAddresses = 8;

    /// <summary>
    /// The most members of a home. The client asks every member in every step, so more members would only be slower.
    /// </summary>
    public const int MaxHomeMembers = 64;

    /// <summary>
    /// The most previous versions of a name that are kept. Each takes about 100 bytes, and an encrypted one up to 4 KiB
    /// more for its envelope: more versions would make lists too large.
    /// </summary>
    public const int MaxPreviousVersions = 64;

    /// <summary>
    /// The most connections that a peer serves; a further one is refused with <see cref="DfssErrorCode.PeerBusy"/>.
    /// </summary>
    public const int MaxConnections = 256;

    /// <summary>
    /// The most of these of one identity: a certificate, or an address without one. Half, to leave room for others.
    /// </summary>
    public const int MaxConnectionsPerIdentity = 128;

    /// <summary>
    /// The most unauthenticated connections in addition: those without a valid hello yet. A handshake over a slow link
    /// takes a second, so this allows 64 a second.
    /// </summary>
    public const int MaxUnauthenticatedConnections = 64;
}
