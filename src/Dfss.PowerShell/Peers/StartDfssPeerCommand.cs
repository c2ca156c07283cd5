using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;
using Dfss.Peers;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Commands;

/// <summary>
/// Starts a peer and leaves it running: in this process until the session ends, or with -Detached in a separate
/// process. Returns when it listens.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "DfssPeer", DefaultParameterSetName = DiskSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssPeerInfo))]
public sealed partial class StartDfssPeerCommand : DfssCmdlet
{
    private const string DiskSet = "StorePath";
    private const string MemorySet = "InMemory";
    private const string QuotaHelp = "The most bytes that the store takes, for example 100GB.";
    private const string ScrubRateHelp =
        "Bytes a second at which the peer re-reads its store in the background; 0: never.";

    /// <summary>0.5 s: the user waits after Ctrl+C, and clients repeat unanswered requests.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromMilliseconds(500);

    // As DFSS spells it: -Store itself may hold a secret by mistake, and is not shown.
    private string? address;

    /// <summary>The store's folder; created if it does not exist.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = DiskSet,
        HelpMessage = "The store's folder; created if it does not exist.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? StorePath { get; set; }

    /// <summary>Keeps everything in memory: it is lost when the peer stops.</summary>
    [Parameter(Mandatory = true, ParameterSetName = MemorySet, HelpMessage = "Keeps everything in memory.")]
    public SwitchParameter InMemory { get; set; }

    /// <summary>The TCP port; 0 takes any free one.</summary>
    [Parameter(HelpMessage = "The TCP port; 0 takes any free one.")]
    [ValidateRange(0, ushort.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int Port { get; set; } = DfssLimits.DefaultPort;

    /// <summary>What to listen on: localhost, an IP address of this machine, or * for all.</summary>
    [Parameter(HelpMessage = "What to listen on: localhost, an IP address of this machine, or * for all.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string Address { get; set; } = "localhost";

    /// <summary>
    /// The addresses at which clients reach the peer, as host or host:port, if they differ from those that it listens
    /// on.
    /// </summary>
    [Parameter(HelpMessage = "The address by which other machines reach the peer, as host or host:port.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] AdvertisedAddress { get; set; } = [];

    /// <summary>Listens beyond loopback although nothing is encrypted, and every client that reaches the port can read
    /// and replace every file.</summary>
    [Parameter(HelpMessage =
        "Listens on any address, although every machine that reaches the port can read and replace every file.")]
    public SwitchParameter AllowUnauthenticatedNetwork { get; set; }

    /// <summary>
    /// A file that gives roles to subjects of other authorities, whose certificates state no roles: a JSON array of
    /// objects with subject and role. Read again when it changes.
    /// </summary>
    [Parameter(HelpMessage = "A JSON file that assigns roles to subjects: [ { subject, role, prefixes } ].")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string? RoleFile { get; set; }

    /// <summary>The most bytes of chunks that the store keeps; without it the disk is the only limit.</summary>
    [Parameter(ParameterSetName = DiskSet, HelpMessage = QuotaHelp)]
    [Parameter(ParameterSetName = MemorySet, HelpMessage = QuotaHelp)]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? Quota { get; set; }

    /// <summary>Bytes that are to stay free on the store's disk.</summary>
    [Parameter(
        ParameterSetName = DiskSet, HelpMessage = "Bytes that are to stay free on the store's disk, for example 10GB.")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? MinimumFreeSpace { get; set; }

    /// <summary>
    /// Starts a store that was moved, or restored in place of one that never runs again: it keeps its store id. For one
    /// start.
    /// </summary>
    [Parameter(
        ParameterSetName = DiskSet, HelpMessage = "The store was moved here: it keeps its store id. For one start.")]
    public SwitchParameter StoreMoved { get; set; }

    /// <summary>Starts a copy of a store that runs elsewhere: it becomes a new store. For one start.</summary>
    [Parameter(ParameterSetName = DiskSet,
        HelpMessage = "The store is a copy of one that runs: it becomes a new store. For one start.")]
    public SwitchParameter StoreCopied { get; set; }

    /// <summary>Bytes a second at which the peer reads its store to find corrupt chunks; 0 turns it off.</summary>
    [Parameter(ParameterSetName = DiskSet, HelpMessage = ScrubRateHelp)]
    [Parameter(ParameterSetName = MemorySet, HelpMessage = ScrubRateHelp)]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long ScrubRate { get; set; } = PeerOptions.DefaultScrubBytesPerSecond;

    /// <summary>Writes the peer, then waits until it stops or Ctrl+C stops it.</summary>
    [Parameter(HelpMessage = "Waits until the peer stops or Ctrl+C stops it.")]
    public SwitchParameter Wait { get; set; }

    /// <summary>Runs the peer in a separate process, which outlives this one and its terminal.</summary>
    [Parameter(HelpMessage = "Runs the peer in a process of its own, which outlives this one.")]
    public SwitchParameter Detached { get; set; }

    /// <summary>
    /// For the process that -Detached starts: announces to that process's starter that it listens, then runs until it
    /// is stopped.
    /// </summary>
    [Parameter(DontShow = true, HelpMessage = "For the process that -Detached starts.")]
    public SwitchParameter Announce { get; set; }

    /// <summary>For the process that -Detached starts: where its starter hands it its identity.</summary>
    [Parameter(DontShow = true, HelpMessage = "For the process that -Detached starts.")]
    [TextArgument]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string? IdentityPipe { get; set; }

    /// <inheritdoc/>
    private protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        ThrowIfExclusive();
        string? path = StorePath is null ? null : await ResolveNewAsync(StorePath).ConfigureAwait(false);
        string target = FormattableString.Invariant($"{Address}:{Port}");
        address = Store is null ? null : ReadAddress(Store);
        string action = (path ?? address) is { } served
            ? $"Start a peer with the store '{served}'"
            : "Start a peer with a store in memory";
        if (!await ShouldProcessAsync(target, action).ConfigureAwait(false))
        {
            return;
        }

        PeerIdentity peerIdentity = await FindIdentityAsync(path, cancellationToken).ConfigureAwait(false);
        if (IdentityPipe is null)
        {
            peerIdentity = await AddEngineAsync(peerIdentity, cancellationToken).ConfigureAwait(false);
        }

        Runspace session = await InvokeAsync(() => Runspace.DefaultRunspace).ConfigureAwait(false);
        var options = new PeerOptions
        {
            StorePath = path,
            // A detached peer's process opens it where its errors are announced.
            Engine = address is null || Announce ? null : OpenEngine(address, peerIdentity),
            StoreRelocation = StoreMoved
                ? StoreRelocation.Moved
                : StoreCopied ? StoreRelocation.Copied : StoreRelocation.None,
            Address = Address,
            Port = Port,
            AdvertisedAddresses =
                AdvertisedAddress.Length == 0 && IsAny(Address) ? [Dns.GetHostName()] : AdvertisedAddress,
            Identity = peerIdentity.Identity,
            RenewIdentity = peerIdentity.Origin?.ToRenewal(),
            AllowUnauthenticatedNetwork = AllowUnauthenticatedNetwork,
            QuotaBytes = Quota,
            MinimumFreeBytes = MinimumFreeSpace,
            ScrubBytesPerSecond = ScrubRate,
        };
        if (Announce)
        {
            Func<StoreEngine>? openEngine = address is null ? null : () => OpenEngine(address, peerIdentity);
            await DetachedPeerProcess.RunAsync(
                options, openEngine, peerIdentity.Issuer, cancellationToken).ConfigureAwait(false);
        }
        else if (Detached)
        {
            SessionPeer peer = await DetachedPeer.StartAsync(
                options, peerIdentity, session, cancellationToken).ConfigureAwait(false);
            await AddAsync(peer, options.Identity, cancellationToken).ConfigureAwait(false);
            await WriteObjectAsync(peer.ToInfo(answer: null, DfssPeerState.Running)).ConfigureAwait(false);
        }
        else
        {
            options = options with
            {
                Log = TakeVerbose,
                Issuer = await OpenIssuerAsync(peerIdentity.Issuer, cancellationToken).ConfigureAwait(false)
            };
            await StartHereAsync(options, session, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    internal override object? EndingTarget(DfssException failure) =>
        failure.Code is DfssErrorCode.AddressUnavailable or DfssErrorCode.InvalidArgument
            ? FormattableString.Invariant($"{Address}:{Port}")
            : StorePath ?? address ?? FormattableString.Invariant($"{Address}:{Port}");

    private void ThrowIfExclusive()
    {
        if (StorePath?.StartsWith("s3://", StringComparison.OrdinalIgnoreCase) == true)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                "A text that begins with s3:// is the address of a bucket, and no folder.",
                "Give it with -Store.");
        }

        if (Wait && Detached)
        {
            throw new CmdletException(ErrorRecords.Create(
                "WaitAndDetached", ErrorCategory.InvalidArgument, target: null,
                "-Wait and -Detached exclude each other.", "Give one of them."));
        }

        if (StoreMoved && StoreCopied)
        {
            throw new CmdletException(ErrorRecords.Create(
                "MovedAndCopied", ErrorCategory.InvalidArgument, target: null,
                "-StoreMoved and -StoreCopied exclude each other.", "Give one of them."));
        }
    }

    /// <summary>Whether an address is for listening only: no client can connect to it.</summary>
    private static bool IsAny(string address) => IPAddress.TryParse(address, out IPAddress? parsed)
        && (parsed.Equals(IPAddress.Any) || parsed.Equals(IPAddress.IPv6Any));

    /// <summary>Adds the peer to those of the session; tells the user and the cluster about it.</summary>
    private async Task AddAsync(SessionPeer peer, TlsIdentity? identity, CancellationToken cancellationToken)
    {
        await SessionPeers.AddAsync(peer).ConfigureAwait(false);
        foreach (string notice in peer.StoreNotices)
        {
            await WriteWarningAsync(notice).ConfigureAwait(false);
        }

        await TellClusterAsync(peer, identity, cancellationToken).ConfigureAwait(false);
    }

    private async Task StartHereAsync(
        PeerOptions options, Runspace session, CancellationToken cancellationToken)
    {
        var peer = new LocalPeer(await DfssPeer.StartAsync(options, cancellationToken).ConfigureAwait(false), session);
        if (cancellationToken.IsCancellationRequested)
        {
            // No output would show it.
            await peer.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }

        await AddAsync(peer, options.Identity, cancellationToken).ConfigureAwait(false);
        if (!Wait)
        {
            await WriteObjectAsync(peer.ToInfo(answer: null, DfssPeerState.Running)).ConfigureAwait(false);
            return;
        }

        try
        {
            await WriteObjectAsync(peer.ToInfo(answer: null, DfssPeerState.Running)).ConfigureAwait(false);
            await peer.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            SessionPeers.Remove(peer);
            using CancellationTokenSource farewell = new(FarewellTime);
            await peer.StopAsync(farewell.Token).ConfigureAwait(false);
        }
    }
}
