namespace Dfss.Feedback;

/// <summary>For error ids of the module, the commands that fix it.</summary>
internal static class Remedies
{
    /// <summary>Commands that change no stored file, and whose errors are about a name.</summary>
    private static readonly string[] Readers =
        ["Get-DfssFileInfo", "Receive-DfssFile", "Get-DfssContent", "Open-DfssFile", "Test-DfssFile"];

    private static readonly Remedy Join = new(
        "An administrator of the cluster makes an invitation with the first; the second joins here with it:",
        "New-DfssInvitation NAME", "Join-DfssCluster INVITATION");

    private static readonly Remedy Renew = new(
        "An administrator of the cluster makes an invitation with the first; the second replaces the certificate here:",
        "New-DfssInvitation NAME", "Join-DfssCluster INVITATION -Force");

    private static readonly Remedy Clusters = new("To list the clusters that were joined here:", "Get-DfssCluster");

    private static readonly Dictionary<string, Func<Failure, Remedy>> Table = new(StringComparer.Ordinal)
    {
        ["PeerMissing"] = _ => new(
            "Start a peer here, or name one that runs elsewhere:",
            "Start-DfssPeer STOREPATH", "$env:DFSS_PEER = 'host:port'"),
        ["PeerUnreachable"] = UnreachablePeer,
        ["FileNotFound"] = MissingName,
        ["FileExists"] = failure => new("To replace the stored file:", failure.WithAdvised("-Force")),
        ["DestinationExists"] = failure => new("To replace the local file:", failure.WithAdvised("-Force")),
        ["PathIsFolder"] = failure => new("To send the files of the folder:", failure.WithAdvised("-Recurse")),
        ["PathInvalid"] = LiteralPath,
        ["CommitUncertain"] = Again,
        ["FileChanged"] = Again,
        ["PeerBusy"] = Again,
        ["NoMajority"] = failure => new(
            "To see which peers answer, then start the others:", $"Get-DfssPeer{failure.Connection}"),
        ["TooFewReplicas"] = failure => new(
            "To see which peers answer, or to send with one copy for now (Repair-DfssFile makes the others later):",
            $"Get-DfssPeer{failure.Connection}",
            failure.Command is { IsFirst: true } send && send.IsOneOf("Send-DfssFile")
                ? send.WithArgument("-MinimumReplicas", "1")
                : null),
        ["ChunkNotFound"] = Damaged,
        ["ChunkCorrupt"] = Damaged,
        ["ClusterMissing"] = _ => Join,
        ["TlsRequired"] = _ => Join,
        ["TlsNotExpected"] = failure => new(
            "To ask this peer of this machine without a certificate:",
            failure is { Peer.IsLoopback: true, Command: { IsFirst: true } command }
                ? command.WithArgument("-Cluster", "''")
                : null),
        ["ClusterNotFound"] = _ => Clusters,
        ["ClusterAmbiguous"] = _ => Clusters,
        ["CertificateExpired"] = _ => Renew,
        ["CertificateRevoked"] = _ => Renew,
        ["ClusterJoined"] = failure => new("To replace the certificate:", failure.WithAdvised("-Force")),
        ["MemberNotFound"] = _ => new("To list the members:", "Get-DfssCertificate"),
        ["StoreRelocated"] = _ => new(
            "To read which of the two fits, as the wrong one loses files:",
            "Get-Help about_Dfss_Troubleshooting"),
    };

    /// <summary>The error ids that have a remedy.</summary>
    internal static IReadOnlyCollection<string> Ids => Table.Keys;

    /// <summary>What may fix a failure; null where no command does.</summary>
    internal static Remedy? Find(Failure failure)
    {
        if (failure.Id is null || !Table.TryGetValue(failure.Id, out Func<Failure, Remedy>? find))
        {
            return null;
        }

        Remedy remedy = find(failure);
        return remedy.Commands.Count == 0 ? null : remedy;
    }

    private static Remedy UnreachablePeer(Failure failure) =>
        failure.Peer is { IsLoopback: true } peer
            ? new(
                "If it is a peer of this machine, start it with the folder of its store:",
                FormattableString.Invariant($"Start-DfssPeer STOREPATH -Port {peer.Port}"))
            : new("To see which peers answer:", $"Get-DfssPeer{failure.Connection}");

    /// <summary>
    /// A command that changes something is not repeated with another name: that one may be another file.
    /// </summary>
    private static Remedy MissingName(Failure failure) => failure switch
    {
        { NearNames.Count: 0 } => new("To list what is stored:", $"Get-DfssFileInfo{failure.Naming}"),
        { Target: { } name, Command: { IsFirst: true } command } when command.IsOneOf(Readers) => new(
            "With a name that is stored:", [.. failure.NearNames.Select(near => command.Replacing(name, near))]),
        _ => new(
            "To look at what is stored:",
            [
                .. failure.NearNames.Select(
                    near => $"Get-DfssFileInfo -LiteralName {FailedCommand.Quote(near)}{failure.Naming}"),
            ]),
    };

    private static Remedy LiteralPath(Failure failure) => new(
        "For a path with brackets:",
        failure is { Target: { } path, Command: { IsFirst: true } command }
            && path.Contains('[', StringComparison.Ordinal)
            ? command.WithLiteralPath(path)
            : null);

    private static Remedy Again(Failure failure) => new(
        "The same command again:", failure.Command is { IsFirst: true } command ? command.Statement : null);

    private static Remedy Damaged(Failure failure)
    {
        string? rest = failure.Target is { } name && failure.Command?.IsOneOf(Readers) != false
            ? $"-LiteralName {FailedCommand.Quote(name)}{failure.Naming}"
            : null;
        return new(
            "To see what is missing or corrupt, and to make good copies from those that are left:",
            rest is null ? null : $"Test-DfssFile {rest}", rest is null ? null : $"Repair-DfssFile {rest}");
    }
}
