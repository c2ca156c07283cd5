using System.Text.Json;
using Dfss.Security;
using Dfss.Storage;

namespace Dfss.Clusters;

/// <content>Where the peers are: as the issuer listed them, and the issuer as its newest statement has it.</content>
public sealed partial class ClusterMembership
{
    private const string PeersFile = "peers.json";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>
    /// The age of the list of peers; <see cref="TimeSpan.MaxValue"/> where there is none, or where its time is in the
    /// future.
    /// </summary>
    public TimeSpan PeersAge =>
        FileAge.Of(new FileInfo(Path.Combine(Folder, PeersFile)), TimeProvider.System.GetUtcNow());

    /// <summary>
    /// The known peers, the issuer first; empty where none is known yet. The issuer's addresses are those of its newest
    /// signed statement, which may be newer than the saved ones, then the saved ones.
    /// </summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public IReadOnlyList<ClusterPeer> LoadPeers()
    {
        IReadOnlyList<ClusterPeer> saved = LoadSavedPeers();
        IssuerStatement issuer = Exists
            ? new IssuerFile(IssuerFilePath, LoadAuthority(), log: null).Current
            : IssuerStatement.None;
        if (issuer.Addresses.Count == 0)
        {
            return saved;
        }

        IEnumerable<string> before = saved.Where(peer => peer.StoreId == issuer.StoreId)
            .SelectMany(peer => peer.Addresses);
        return
        [
            new ClusterPeer(
                issuer.StoreId,
                [.. issuer.Addresses.Union(before, StringComparer.OrdinalIgnoreCase).Take(DfssLimits.MaxAddresses)],
                IsIssuer: true),
            .. saved.Where(peer => peer.StoreId != issuer.StoreId).Select(peer => peer with { IsIssuer = false }),
        ];
    }

    /// <summary>
    /// The addresses at which the issuer may be: the newest first, and last those of a peer that was saved as the
    /// issuer and that the statement does not name.
    /// </summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public IReadOnlyList<PeerAddress> LoadIssuer() =>
    [
        .. LoadPeers().Concat(LoadSavedPeers()).Where(peer => peer.IsIssuer).SelectMany(peer => peer.Addresses)
            .Distinct(StringComparer.OrdinalIgnoreCase).Select(PeerAddress.Parse),
    ];

    /// <summary>Saves the list of peers.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public Task SavePeersAsync(IEnumerable<ClusterPeer> peers, CancellationToken cancellationToken = default) =>
        PrivateFile.ReplaceAsync(
            Path.Combine(Folder, PeersFile),
            JsonSerializer.Serialize(
                peers.Select(peer => new Entry(peer.StoreId.ToString(), [.. peer.Addresses], peer.IsIssuer)), Json),
            cancellationToken);

    private IReadOnlyList<ClusterPeer> LoadSavedPeers() => !File.Exists(Path.Combine(Folder, PeersFile))
        ? []
        : Read<IReadOnlyList<ClusterPeer>>(
            PeersFile, text => [.. (JsonSerializer.Deserialize<Entry?[]>(text, Json) ?? []).OfType<Entry>()
                .Select(entry => new ClusterPeer(
                    StoreId.Parse(entry.StoreId),
                    [.. (entry.Addresses ?? []).Where(one => PeerAddress.TryParse(one, out _))], entry.IsIssuer))]);

    private sealed record Entry(string StoreId, string[]? Addresses, bool IsIssuer);
}
