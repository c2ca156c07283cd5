using System.Management.Automation.Runspaces;
using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A peer that this process started, here or in a separate process.</summary>
internal abstract class SessionPeer(Runspace session, string? identityName) : IAsyncDisposable
{
    private readonly SessionOwner owner = new(session);

    /// <summary>Its number in this process; given by <see cref="SessionPeers.AddAsync"/>.</summary>
    internal int Id { get; set; }

    /// <summary>Whether it ends with a session.</summary>
    internal bool EndsWith(Runspace ending) => owner.EndsWith(ending);

    /// <summary>Whether this session started it.</summary>
    internal bool IsOf(Runspace other) => owner.Is(other);

    internal abstract DfssPeerKind Kind { get; }

    internal abstract int Port { get; }

    internal abstract IReadOnlyList<string> Addresses { get; }

    /// <summary>Its state, without a request.</summary>
    internal abstract DfssPeerState State { get; }

    /// <summary>Its store id, without a request.</summary>
    internal abstract string StoreId { get; }

    internal abstract string? StorePath { get; }

    internal abstract int ProcessId { get; }

    /// <summary>What the user must know of how its store was opened.</summary>
    internal virtual IReadOnlyList<string> StoreNotices => [];

    /// <summary>Stops it and waits until it has stopped.</summary>
    internal abstract Task StopAsync(CancellationToken cancellationToken);

    /// <summary>Releases what this process holds of it.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>The name in a peer's certificate; null where it has none.</summary>
    private protected static string? NameOf(TlsIdentity? identity) =>
        identity?.Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    /// <summary>The peer as the user sees it.</summary>
    /// <param name="answer">Its answer; null if it was not asked or did not answer.</param>
    /// <param name="state">Its state.</param>
    internal DfssPeerInfo ToInfo(PeerInfo? answer, DfssPeerState state) => new DfssPeerInfo
    {
        Id = Id,
        Kind = Kind,
        State = state,
        Endpoints = Addresses,
        Port = Port,
        StoreId = StoreId,
        StorePath = StorePath,
        ProcessId = ProcessId,
        Identity = identityName,
    }.With(answer);
}
