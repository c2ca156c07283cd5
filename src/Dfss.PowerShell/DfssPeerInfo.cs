namespace Dfss;

/// <summary>Where a peer runs, seen from this session.</summary>
public enum DfssPeerKind
{
    /// <summary>In this process; it stops with the session.</summary>
    Session,

    /// <summary>In a process of its own that this session started.</summary>
    Detached,

    /// <summary>Elsewhere; it was asked over the network.</summary>
    Remote,
}

/// <summary>What a peer was doing when it was looked at.</summary>
public enum DfssPeerState
{
    /// <summary>It listens and answers.</summary>
    Running,

    /// <summary>It should run, but did not answer.</summary>
    NoAnswer,

    /// <summary>It has stopped.</summary>
    Stopped,

    /// <summary>It had to stop because of a fault.</summary>
    Faulted,
}

/// <summary>A peer as it was when it was looked at.</summary>
public sealed class DfssPeerInfo
{
    internal DfssPeerInfo()
    {
    }

    /// <summary>The peer's number in this session, for Stop-DfssPeer; null for a peer of elsewhere.</summary>
    public int? Id { get; internal init; }

    /// <summary>Where it runs.</summary>
    public DfssPeerKind Kind { get; internal init; }

    /// <summary>What it was doing.</summary>
    public DfssPeerState State { get; internal init; }

    /// <summary>
    /// The first of <see cref="Endpoints"/>: what -Peer takes. Not called Address, because every array has a method of
    /// that name, which <c>$peers.Address</c> would give.
    /// </summary>
    public string Endpoint => Endpoints.Count > 0 ? Endpoints[0] : string.Empty;

    /// <summary>Where it can be found, as host:port.</summary>
    public IReadOnlyList<string> Endpoints { get; internal init => field = new DisplayList<string>(value); } = [];

    /// <summary>The TCP port it listens on.</summary>
    public int Port { get; internal init; }

    /// <summary>The id of its store: 32 hexadecimal digits.</summary>
    public string StoreId { get; internal init; } = string.Empty;

    /// <summary>The store's folder; null for a store in memory.</summary>
    public string? StorePath { get; internal init; }

    /// <summary>The id of its process.</summary>
    public int ProcessId { get; internal init; }

    /// <summary>Its software and version; null when it did not answer.</summary>
    public string? Software { get; internal init; }

    /// <summary>How long it has run; null when it did not answer.</summary>
    public TimeSpan? Uptime { get; internal init; }

    /// <summary>Open connections; null when it did not answer.</summary>
    public int? Connections { get; internal init; }

    /// <summary>Chunks stored; null when it did not answer.</summary>
    public long? Chunks { get; internal init; }

    /// <summary>Bytes of chunks stored; null when it did not answer.</summary>
    public long? StoredBytes { get; internal init; }

    /// <summary>Bytes free on the store's file system; null for a store in memory, or when it did not answer.</summary>
    public long? FreeBytes { get; internal init; }

    /// <summary>The endpoint.</summary>
    public override string ToString() => Endpoint;

    /// <summary>The same peer after it was stopped.</summary>
    internal DfssPeerInfo AsStopped() => new()
    {
        Id = Id,
        Kind = Kind,
        State = DfssPeerState.Stopped,
        Endpoints = Endpoints,
        Port = Port,
        StoreId = StoreId,
        StorePath = StorePath,
        ProcessId = ProcessId,
    };
}
