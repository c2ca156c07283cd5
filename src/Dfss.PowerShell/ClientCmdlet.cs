using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet that speaks with peers: -Peer, and one client for as long as the cmdlet runs.</summary>
public abstract partial class ClientCmdlet : DfssCmdlet
{
    /// <summary>What a drive keeps from New-PSDrive, and a path of it stands for.</summary>
    private static readonly string[] DriveKeeps =
    [
        nameof(Peer), "Cluster", "Certificate", "CertificatePassword", "TrustedAuthority", "RevocationList",
        "AllowTls12",
    ];

    private DfssClient? client;
    private bool hasExplained;
    private NameList? names;
    private TlsIdentity? identity;
    private ClusterChoice choice = ClusterChoice.None;
    private DfssDriveInfo? drive;
    private string? driveName;
    private bool isVerbose;
    private bool isDebug;

    /// <summary>
    /// The peers, as host:port (the port is 9000 when left out), separated by commas, or objects that have an Endpoint,
    /// such as those of Get-DfssPeer. Without it, $env:DFSS_PEER is used, or the peers of the cluster that was joined,
    /// or those that this session runs.
    /// </summary>
    [Parameter(
        HelpMessage =
            "The peers: host:port, or objects of Get-DfssPeer. Default: $env:DFSS_PEER, the cluster's, or "
                + "this session's.")]
    [PeerArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PeerCompletion))]
    public virtual string[]? Peer { get; set; }

    /// <summary>
    /// Whether the cmdlet asks only the peers that -Peer, $env:DFSS_PEER, the cluster or this session name.
    /// </summary>
    private protected virtual bool NeedsPeers => true;

    /// <summary>The client; it connects when first used.</summary>
    internal DfssClient Client => client!;

    /// <summary>How to transfer.</summary>
    private protected virtual TransferOptions CreateOptions() => new()
    {
        Identity = identity,
        AllowsOwnPlaintextPeers = choice.Membership is not null && !choice.IsExplicit,
        Warning = TakeWarning,
        Verbose = isVerbose ? TakeVerbose : null,
        Debug = isDebug ? TakeDebug : null,
    };

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        (isVerbose, isDebug) = await InvokeAsync(() =>
        {
            drive = FindDrive();
            return (IsWanted("Verbose"), IsWanted("Debug"));
        }).ConfigureAwait(false);
        if (drive is not null)
        {
            identity = drive.Store.Client.Options.Identity;
            choice = drive.Store.Choice;
            driveName = drive.Name;
            client = new DfssClient(drive.Store.Client.Peers, CreateOptions());
            names = FindNames();
            return;
        }

        IReadOnlyList<PeerAddress> peers;
        if (Replayed is { } recorded)
        {
            (identity, choice, peers) = (recorded.Identity, recorded.Choice, recorded.Peers);
            driveName = recorded.Drive;
        }
        else
        {
            IdentityParameters parameters = ReadIdentity(cancellationToken);
            identity = await parameters.ReadAsync(cancellationToken).ConfigureAwait(false);
            choice = parameters.Choice;
            peers = await FindPeersAsync(cancellationToken).ConfigureAwait(false);
        }

        // Created here, before parallel work begins, so that there is only one; and so that missing or misspelt peers
        // are an error at once, not with the first input.
        client = new DfssClient(peers, CreateOptions());
        names = FindNames();
    }

    /// <summary>
    /// Puts names in the store in the place of the arguments that are paths of a drive. On the pipeline thread only.
    /// </summary>
    private protected virtual void Translate(DriveNames drives)
    {
    }

    /// <summary>
    /// The drive whose paths are among the arguments; null if there is none. It names the peers and the identity.
    /// </summary>
    private DfssDriveInfo? FindDrive()
    {
        var drives = new DriveNames(SessionState);
        Translate(drives);
        return drives.Drive is { } drive && Array.Find(DriveKeeps, IsBound) is { } option
            ? throw new CmdletException(ErrorRecords.Create(
                "OptionNotOfDrive", ErrorCategory.InvalidArgument, option,
                $"-{option} cannot be given beside a path of the drive {drive.Name}:, which has peers and an identity "
                    + "of its own.",
                "Leave it out, or give the name in the store in place of the path."))
            : drives.Drive;
    }

    /// <summary>Notes a stored file that was seen, for completion.</summary>
    private protected void Remember(StoredFile file)
    {
        if (file.Name == file.Record.Name)
        {
            names?.Add(file.Name, CompletionScope.VersionsOf(file));
        }
    }

    /// <summary>Notes that there is no such file any more, for completion.</summary>
    private protected void Forget(StoredFile file) => names?.Remove(file.Record.Name);

    /// <summary>The peer that failed; where the failure is of no single one, all peers of the client.</summary>
    internal sealed override object? EndingTarget(DfssException failure) => (
        failure.Peer, (failure.IsOfDestination ? other : client)?.Peers) switch
    {
        (PeerAddress failed, _) => failed.ToString(),
        (null, null) => null,
        (null, [PeerAddress only]) => only.ToString(),
        (null, { } many) => many.Select(address => address.ToString()).ToArray(),
    };

    /// <inheritdoc/>
    private protected override ValueTask CleanUpAsync()
    {
        DriveStore.NoteChange();
        return client?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>Asks other peers from now on.</summary>
    private protected async Task UsePeersAsync(IEnumerable<string> addresses)
    {
        List<PeerAddress> peers = NamedPeers.Parse([.. addresses]);
        await Client.DisposeAsync().ConfigureAwait(false);
        client = new DfssClient(peers, CreateOptions());
        names = FindNames();
    }

    /// <summary>
    /// Writes the error of a name. Where no peer has the name and the error is shown, it asks about names that are
    /// near.
    /// </summary>
    private protected async Task WriteNameErrorAsync(
        NameQuery? query, string name, DfssException failure, CancellationToken cancellationToken)
    {
        DfssException told = query is null
            ? failure
            : await ExplainAsync(query, failure, cancellationToken).ConfigureAwait(false);
        await WriteErrorAsync(ErrorRecords.Create(told, name)).ConfigureAwait(false);
    }

    /// <summary>
    /// The failure to find a name, with a question about names that are near: of the first such name of a command, as
    /// it takes a listing, and only where the error is shown.
    /// </summary>
    private protected async Task<DfssException> ExplainAsync(
        NameQuery query, DfssException failure, CancellationToken cancellationToken) =>
        failure.Code == DfssErrorCode.FileNotFound
            && await InvokeAsync(() => IsWanted("Error")).ConfigureAwait(false)
            && !Interlocked.Exchange(ref hasExplained, true)
            ? await query.ExplainAsync(Client, drive, failure, cancellationToken).ConfigureAwait(false)
            : failure;

    /// <summary>Ends the cmdlet if no peer is given.</summary>
    private protected void RequirePeers()
    {
        if (Client.Peers.Count == 0)
        {
            throw NamedPeers.Missing();
        }
    }

    private async Task<IReadOnlyList<PeerAddress>> FindPeersAsync(CancellationToken cancellationToken)
    {
        var named = new NamedPeers(
            choice, identity, () => InvokeAsync(() => Runspace.DefaultRunspace), TakeVerbose);
        IReadOnlyList<PeerAddress> peers = await named.FindAsync(Peer, cancellationToken).ConfigureAwait(false);
        return peers.Count > 0 || !NeedsPeers ? peers : throw NamedPeers.Missing();
    }

    /// <summary>The list for completion; null where only the peers of objects are asked.</summary>
    private NameList? FindNames() => Client.Peers.Count == 0
        ? null
        : NameCache.Of(NameCache.KeyOf(
            Client.Peers,
            identity is null ? string.Empty : choice.Membership?.Name ?? CompletionScope.OtherAuthority));
}
