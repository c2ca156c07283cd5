using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A cmdlet that speaks with peers: -Peer, and one client for as long as the cmdlet runs.</summary>
public abstract partial class ClientCmdlet : DfssCmdlet
{
    /// <summary>The environment variable with the peers' addresses where -Peer is not given.</summary>
    internal const string PeerVariable = "DFSS_PEER";

    private DfssClient? client;
    private bool hasExplained;
    private NameList? names;
    private TlsIdentity? identity;
    private ClusterChoice choice = ClusterChoice.None;
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
        (isVerbose, isDebug) = await InvokeAsync(() => (IsWanted("Verbose"), IsWanted("Debug"))).ConfigureAwait(false);

        IReadOnlyList<PeerAddress> peers;
        if (Replayed is { } recorded)
        {
            (identity, choice, peers) = (recorded.Identity, recorded.Choice, recorded.Peers);
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
    internal sealed override object? EndingTarget(DfssException failure) => (failure.Peer, client?.Peers) switch
    {
        (PeerAddress failed, _) => failed.ToString(),
        (null, null) => null,
        (null, [PeerAddress only]) => only.ToString(),
        (null, { } many) => many.Select(address => address.ToString()).ToArray(),
    };

    /// <inheritdoc/>
    private protected override ValueTask CleanUpAsync() => client?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Asks other peers from now on.</summary>
    private protected async Task UsePeersAsync(IEnumerable<string> addresses)
    {
        List<PeerAddress> peers = Parse([.. addresses]);
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
            ? await query.ExplainAsync(Client, failure, cancellationToken).ConfigureAwait(false)
            : failure;

    /// <summary>Ends the cmdlet if no peer is given.</summary>
    private protected void RequirePeers()
    {
        if (Client.Peers.Count == 0)
        {
            throw PeerMissing();
        }
    }

    private static CmdletException PeerMissing() => new(ErrorRecords.Create(
        "PeerMissing", ErrorCategory.InvalidArgument, target: null,
        "No peer is given: neither -Peer nor $env:DFSS_PEER is given, no cluster was joined that has peers, and this "
            + "session runs none.",
        "Give -Peer host:port, or set $env:DFSS_PEER = 'host:port,host:port'."));

    private async Task<IReadOnlyList<PeerAddress>> FindPeersAsync(CancellationToken cancellationToken)
    {
        string[] texts = Peer
            ?? (choice.IsExplicit ? [] : PeerArgumentAttribute.Split(Environment.GetEnvironmentVariable(PeerVariable)));
        IReadOnlyList<PeerAddress> peers = texts.Length == 0 && Peer is null && choice.Membership is { } membership
            ? await ClusterIdentity.FindPeersAsync(
                membership, identity!, TakeVerbose, cancellationToken).ConfigureAwait(false)
            : Parse(texts, Peer is null ? PeerVariable : null);
        if (peers.Count == 0 && Peer is null && choice is not { IsExplicit: true, Membership: not null })
        {
            Runspace session = await InvokeAsync(() => Runspace.DefaultRunspace).ConfigureAwait(false);
            peers = Parse(SessionPeers.FindAddresses(session));
        }

        return peers.Count > 0 || !NeedsPeers ? peers : throw PeerMissing();
    }

    /// <summary>The list for completion; null where only the peers of objects are asked.</summary>
    private NameList? FindNames() => Client.Peers.Count == 0
        ? null
        : NameCache.Of(NameCache.KeyOf(
            Client.Peers,
            identity is null ? string.Empty : choice.Membership?.Name ?? CompletionScope.OtherAuthority));

    /// <summary>The peers of a parameter or an environment variable, each once.</summary>
    /// <param name="texts">The addresses.</param>
    /// <param name="variable">The environment variable that they are from; null where a parameter has them.</param>
    /// <exception cref="CmdletException">One is no address.</exception>
    private protected static List<PeerAddress> Parse(string[] texts, string? variable = null)
    {
        var addresses = new List<PeerAddress>(texts.Length);
        foreach (string text in texts)
        {
            if (!PeerAddress.TryParse(text, out PeerAddress? address))
            {
                throw AddressInvalid(text, variable);
            }

            if (!addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }

    /// <summary>Whether an invalid address ends with a number, which is then out of range.</summary>
    private static bool HasPort(string text)
    {
        string[] parts = text.Split(':');
        return parts is [{ Length: > 0 } host, { Length: > 0 } port] && port.All(char.IsAsciiDigit)
            && PeerAddress.TryParse(host, out _);
    }

    private static CmdletException AddressInvalid(string text, string? variable)
    {
        const int ShownCharacters = 80;
        string shown = text.Length <= ShownCharacters ? text : text[..ShownCharacters] + "...";
        string problem = text.Length > DfssLimits.MaxHostBytes
            ? FormattableString.Invariant(
                $"'{shown}' is not a peer's address: a host name has at most {DfssLimits.MaxHostBytes} bytes.")
            : PeerAddress.TryParse($"localhost:{text}", out PeerAddress? guess)
                ? $"'{text}' is a port without a host: did you mean {guess}?"
                : $"'{text}' is not a peer's address{(HasPort(text) ? ": a port is 1 to 65535" : string.Empty)}.";
        return new CmdletException(ErrorRecords.Create(
            "PeerAddressInvalid", ErrorCategory.InvalidArgument, text,
            variable is null ? problem : $"$env:{variable} names no peers: {problem}",
            variable is null
                ? "Write host:port, for example localhost:9000 or [::1]:9000."
                : $"Correct $env:{variable}: host:port, for example localhost:9000, several with commas between them; "
                    + "or give -Peer."));
    }
}
