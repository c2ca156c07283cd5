using System.Collections;
using System.Management.Automation.Runspaces;
using Dfss.Clusters;
using Dfss.Encryption;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The peers that a command line would ask, and the identity it would present: found as the command finds them, but
/// without a request and without a question.
/// </summary>
internal sealed class CompletionScope
{
    /// <summary>Stands for an identity of another authority than a cluster's.</summary>
    internal const string OtherAuthority = "-Certificate";

    /// <summary>2 s: the next listing in the background comes soon.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<PeerAddress> peers;
    private readonly ClusterChoice choice;
    private readonly bool hasCertificate;

    private CompletionScope(IReadOnlyList<PeerAddress> peers, ClusterChoice choice, bool hasCertificate)
    {
        this.peers = peers;
        this.choice = choice;
        this.hasCertificate = hasCertificate;
        Names = NameCache.Of(
            NameCache.KeyOf(peers, hasCertificate ? OtherAuthority : choice.Membership?.Name ?? string.Empty));
    }

    /// <summary>The names that these peers are known to have.</summary>
    internal NameList Names { get; }

    /// <summary>The scope of a command line.</summary>
    /// <param name="bound">The parameters that are given so far.</param>
    internal static CompletionScope Find(IDictionary bound)
    {
        bool hasCertificate = bound.Contains(nameof(ClientCmdlet.Certificate));
        ClusterChoice choice = hasCertificate
            ? ClusterChoice.None
            : ClusterChoice.Make(bound[nameof(ClientCmdlet.Cluster)]?.ToString(), isNeeded: false);
        string[] texts = bound[nameof(ClientCmdlet.Peer)] is { } given
            ? (string[])new PeerArgumentAttribute().Transform(null!, given)
            : choice.IsExplicit
                ? []
                : PeerArgumentAttribute.Split(Environment.GetEnvironmentVariable(NamedPeers.Variable));
        if (texts.Length == 0 && choice.Membership is { } membership)
        {
            texts =
                [.. membership.LoadPeers().Where(peer => peer.Addresses.Count > 0).Select(peer => peer.Addresses[0])];
        }

        if (texts.Length == 0 && choice is not { IsExplicit: true, Membership: not null })
        {
            texts = SessionPeers.FindAddresses(Runspace.DefaultRunspace);
        }

        return new CompletionScope(
            [.. texts.Where(text => PeerAddress.TryParse(text, out _)).Select(PeerAddress.Parse).Distinct()], choice,
            hasCertificate);
    }

    /// <summary>
    /// Begins to list in the background. A certificate of another authority may need a password, which is not asked
    /// for: then only the names that commands have seen are offered.
    /// </summary>
    internal Task RefreshAsync() =>
        peers.Count == 0 || hasCertificate ? Task.CompletedTask : Names.RefreshAsync(ListAsync);

    /// <summary>The versions of a file that can be received, the newest first.</summary>
    internal static long[] VersionsOf(StoredFile file) =>
        [file.Record.Version, .. file.Record.Previous.Select(earlier => earlier.Version)];

    private async Task ListAsync(Action<string, long[]> take, CancellationToken cancellationToken)
    {
        TlsIdentity? identity = choice.Membership is { } membership ? IdentityOf(membership) : null;
        var options = new TransferOptions
        {
            Identity = identity,
            AllowsOwnPlaintextPeers = identity is not null && !choice.IsExplicit,
            ConnectTimeout = ConnectTimeout,
        };
        DfssClient client = new(peers, options);
        await using (client.ConfigureAwait(false))
        {
            await foreach (StoredFile file in client.ListAsync(string.Empty, cancellationToken).ConfigureAwait(false))
            {
                if (!file.Record.Name.StartsWith(HiddenNames.Prefix, StringComparison.Ordinal))
                {
                    take(file.Record.Name, VersionsOf(file));
                }
            }
        }
    }

    /// <summary>The certificate as it is: it is not renewed here.</summary>
    internal static TlsIdentity IdentityOf(ClusterMembership membership) => membership.LoadMember()
        ?? (membership.Stores is [StoreId first, ..] ? membership.LoadStore(first) : null)
        ?? throw ClusterErrors.NoMember(membership);
}
