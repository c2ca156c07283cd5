using System.Security.Authentication;
using Dfss.Commands;
using Dfss.Transfer;

namespace Dfss;

/// <summary>Where a peer runs, seen from this session.</summary>
public enum DfssPeerKind
{
    /// <summary>In this process; it stops with the session.</summary>
    Session,

    /// <summary>In a separate process that this session started.</summary>
    Detached,

    /// <summary>Elsewhere; it was asked over the network.</summary>
    Remote,
}

/// <summary>The state of a peer when it was asked.</summary>
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

/// <summary>The state of a peer's scrub when the peer was asked.</summary>
public enum DfssScrubState
{
    /// <summary>It is turned off.</summary>
    Off,

    /// <summary>It is between two rounds.</summary>
    Resting,

    /// <summary>It is reading through the store.</summary>
    Running,
}

/// <summary>How the traffic to and from a peer is protected.</summary>
public enum DfssEncryption
{
    /// <summary>It is not: plaintext, on loopback or where that was allowed.</summary>
    None,

    /// <summary>TLS 1.2, with forward secrecy and authenticated encryption; both sides were authenticated.</summary>
    Tls12,

    /// <summary>TLS 1.3; both sides were authenticated.</summary>
    Tls13,
}

/// <summary>A peer, and its state when it was asked.</summary>
public sealed class DfssPeerInfo
{
    internal DfssPeerInfo()
    {
    }

    /// <summary>The peer's number in this session, for Stop-DfssPeer; null for a peer of elsewhere.</summary>
    public int? Id { get; internal init; }

    /// <summary>Where it runs.</summary>
    public DfssPeerKind Kind { get; internal init; }

    /// <summary>The state of the peer.</summary>
    public DfssPeerState State { get; internal init; }

    /// <summary>The first of <see cref="Endpoints"/>: what -Peer takes. Not called Address, because every array has a
    /// method of that name, which <c>$peers.Address</c> would give.</summary>
    public string Endpoint => Endpoints.Count > 0 ? Endpoints[0] : string.Empty;

    /// <summary>Where it can be found, as host:port.</summary>
    public IReadOnlyList<string> Endpoints { get; internal init => field = new DisplayList<string>(value); } = [];

    /// <summary>The TCP port it listens on.</summary>
    public int Port { get; internal init; }

    /// <summary>The id of its store: 32 hexadecimal digits.</summary>
    public string StoreId { get; internal init; } = string.Empty;

    /// <summary>The store's folder, or its address in an engine; null for a store in memory.</summary>
    public string? StorePath { get; internal init; }

    /// <summary>The id of its process.</summary>
    public int ProcessId { get; internal init; }

    /// <summary>The name in its certificate; null for a peer without one.</summary>
    public string? Identity { get; internal init; }

    /// <summary>How the connection over which it answered was protected; null when it did not answer.</summary>
    public DfssEncryption? Encryption { get; internal init; }

    /// <summary>The cipher suite of that connection; null without encryption, or when it did not answer.</summary>
    public string? CipherSuite { get; internal init; }

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

    /// <summary>The most bytes of chunks that it stores; null for no limit, or when it did not answer.</summary>
    public long? QuotaBytes { get; internal init; }

    /// <summary>Bytes that it leaves free on the store's file system; null for a store in memory, or when it did not
    /// answer.</summary>
    public long? MinimumFreeBytes { get; internal init; }

    /// <summary>Bytes free on the store's file system; null for a store in memory, or when it did not answer.</summary>
    public long? FreeBytes { get; internal init; }

    /// <summary>How its scrub is getting on, which re-reads all it stores; null when it did not answer.</summary>
    public DfssScrubState? Scrub { get; internal init; }

    /// <summary>Bytes a second that the scrub reads at the most; 0 where it is off, null when the peer did not
    /// answer.</summary>
    public long? ScrubRate { get; internal init; }

    /// <summary>Chunks checked in the scrub's round at hand, or in its last; null when it did not answer.</summary>
    public long? ScrubbedChunks { get; internal init; }

    /// <summary>Bytes checked in the scrub's round at hand, or in its last; null when it did not answer.</summary>
    public long? ScrubbedBytes { get; internal init; }

    /// <summary>When the scrub last got through the whole store; null before it has, or when the peer did not
    /// answer.</summary>
    public DateTime? LastScrubTime { get; internal init; }

    /// <summary>Bad chunks that the scrub has found in all; null when it did not answer.</summary>
    public long? CorruptChunks { get; internal init; }

    /// <summary>Corrupt chunks that were moved to quarantine and are kept in quarantine/; null when it did not
    /// answer.</summary>
    public long? QuarantinedChunks { get; internal init; }

    /// <summary>Why its store takes no more writes and votes until the peer is restarted; null while it does, or when
    /// it did not answer.</summary>
    public string? StoreFault { get; internal init; }

    /// <summary>Its background tasks and their states; empty when it did not answer.</summary>
    public IReadOnlyList<DfssBackgroundTaskInfo> BackgroundTasks
    {
        get;
        internal init => field = new DisplayList<DfssBackgroundTaskInfo>(value);
    } = [];

    /// <summary>How long its process may take to end when it is asked to; tests wait less.</summary>
    internal TimeSpan StopTimeout { get; init; } = DetachedPeer.StopTimeout;

    /// <summary>The endpoint.</summary>
    public override string ToString() => Endpoint;

    /// <summary>The same peer with its answer.</summary>
    internal DfssPeerInfo With(PeerInfo? answer) => answer is null ? this : new()
    {
        Id = Id,
        Kind = Kind,
        State = State,
        Endpoints = Endpoints,
        Port = Port,
        StoreId = StoreId,
        StorePath = StorePath,
        ProcessId = ProcessId,
        Identity = answer.Tls?.PeerName ?? Identity,
        Encryption = answer.Tls is null ? DfssEncryption.None
            : answer.Tls.Protocol == SslProtocols.Tls13 ? DfssEncryption.Tls13 : DfssEncryption.Tls12,
        CipherSuite = answer.Tls?.CipherSuite,
        Software = answer.Software,
        Uptime = answer.Uptime,
        Connections = answer.Connections,
        Chunks = answer.Chunks,
        StoredBytes = answer.StoredBytes,
        QuotaBytes = answer.QuotaBytes,
        MinimumFreeBytes = answer.MinimumFreeBytes,
        FreeBytes = answer.FreeBytes,
        Scrub = answer.Scrub.BytesPerSecond == 0 ? DfssScrubState.Off
            : answer.Scrub.IsRunning ? DfssScrubState.Running : DfssScrubState.Resting,
        ScrubRate = answer.Scrub.BytesPerSecond,
        ScrubbedChunks = answer.Scrub.Chunks,
        ScrubbedBytes = answer.Scrub.Bytes,
        LastScrubTime = answer.Scrub.LastCompleted?.LocalDateTime,
        CorruptChunks = answer.Scrub.CorruptChunks,
        QuarantinedChunks = answer.QuarantinedChunks,
        StoreFault = answer.StoreFault,
        BackgroundTasks = [.. answer.BackgroundTasks.Select(task => new DfssBackgroundTaskInfo(task))],
    };

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
        Identity = Identity,
    };
}
