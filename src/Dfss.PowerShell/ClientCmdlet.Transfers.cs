using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>What a journal has of a transfer.</content>
public abstract partial class ClientCmdlet
{
    private Dictionary<string, IReadOnlyList<string>>? optionTexts;

    /// <summary>
    /// What a transfer of this command is about. On any thread, between two inputs or while one is taken.
    /// </summary>
    private protected TransferDescription DescribeTransfer(
        TransferKind kind, string name, string? localPath, long length, IReadOnlyList<HomeMember>? home = null) => new()
        {
            Kind = kind,
            Name = name,
            LocalPath = localPath,
            Length = length,
            Peers = Client.Peers.Count > 0
                ? [.. Client.Peers.Select(peer => peer.ToString())]
                : [.. (home ?? []).Select(member => member.DisplayName)],
            Parameters = optionTexts ??= ReadOptionTexts(),
            Drive = driveName,
            Secrets = TransferOptionTexts.FindGivenAgain(this),
        };

    private Dictionary<string, IReadOnlyList<string>> ReadOptionTexts()
    {
        Dictionary<string, IReadOnlyList<string>> texts = TransferOptionTexts.Read(this);
        if (choice is { Membership: not null, IsExplicit: false }
            && Environment.GetEnvironmentVariable(ClusterChoice.Variable) is { Length: > 0 } cluster)
        {
            // Another process may have another cluster there. Of a test cluster it is a folder, which no name finds.
            texts[nameof(Cluster)] = [cluster];
        }

        return texts;
    }
}
