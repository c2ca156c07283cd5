namespace Dfss.Transfer;

/// <summary>What a peer says of itself.</summary>
public sealed record PeerInfo
{
    /// <summary>The store it serves.</summary>
    public required StoreId StoreId { get; init; }

    /// <summary>Its software and version, for example <c>dfss/0.1.0</c>.</summary>
    public required string Software { get; init; }

    /// <summary>Where it says it may be found, as <c>host:port</c>.</summary>
    public required IReadOnlyList<string> Addresses { get; init; }

    /// <summary>The id of its process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>The store's folder; null for a store in memory.</summary>
    public string? StorePath { get; init; }

    /// <summary>How long it has run.</summary>
    public required TimeSpan Uptime { get; init; }

    /// <summary>Open connections at the moment of asking.</summary>
    public required int Connections { get; init; }

    /// <summary>Chunks stored.</summary>
    public required long Chunks { get; init; }

    /// <summary>Bytes of chunks stored.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Bytes free on the store's file system; null for a store in memory.</summary>
    public long? FreeBytes { get; init; }
}
