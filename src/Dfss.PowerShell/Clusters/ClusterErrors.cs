using System.Globalization;
using System.Management.Automation;
using Dfss.Clusters;

namespace Dfss.Commands;

/// <summary>Errors about clusters and invitations given to a command. No text contains any of a secret.</summary>
internal static class ClusterErrors
{
    internal static CmdletException Ambiguous(IReadOnlyList<ClusterMembership> all) => new(ErrorRecords.Create(
        "ClusterAmbiguous", ErrorCategory.InvalidArgument, target: null,
        $"Several clusters were joined: {Names(all)}. Which one is meant?",
        $"Give -Cluster and its name, or set $env:{ClusterChoice.Variable}; -Cluster '' for none."));

    internal static CmdletException NotFound(
        string name, string? variable, IReadOnlyList<ClusterMembership> all) => new(ErrorRecords.Create(
        "ClusterNotFound", ErrorCategory.ObjectNotFound, name,
        (variable is null ? string.Empty : $"$env:{variable} names a cluster that was not joined. ")
            + (all.Count == 0
                ? $"No cluster was joined here, so there is no '{name}': the state folder {StateFolder} has none."
                : $"No cluster '{name}' was joined here; the joined ones are {Names(all)}."),
        variable is null
            ? "Join it with an invitation (Join-DfssCluster), or name another one."
            : $"Correct $env:{variable}, or join that cluster with an invitation (Join-DfssCluster)."));

    internal static CmdletException Missing() => new(ErrorRecords.Create(
        "ClusterMissing", ErrorCategory.ObjectNotFound, target: null,
        $"No cluster was made or joined here: the state folder {StateFolder} has none.",
        "Make one (New-DfssCluster), or join one with an invitation (Join-DfssCluster)."));

    internal static CmdletException Exists(ClusterMembership membership) => new(ErrorRecords.Create(
        "ClusterExists", ErrorCategory.ResourceExists, membership.Name,
        $"A cluster '{membership.Name}' exists here already, in '{membership.Folder}'.",
        "Take another name."));

    internal static CmdletException NoMember(ClusterMembership membership) => new(ErrorRecords.Create(
        "ClusterIncomplete", ErrorCategory.InvalidData, membership.Name,
        $"'{membership.Folder}' has no certificate: joining the cluster '{membership.Name}' was interrupted.",
        "Join once more with another invitation, or remove that folder."));

    internal static CmdletException AndCertificate(string given) => new(ErrorRecords.Create(
        "ClusterAndCertificate", ErrorCategory.InvalidArgument, target: null,
        $"-{given} and -Certificate exclude each other: the command uses one certificate.", "Give one of them."));

    internal static CmdletException Joined(ClusterMembership membership, MemberDescription member) =>
        new(ErrorRecords.Create(
            "ClusterJoined", ErrorCategory.ResourceExists, membership.Name,
            $"The cluster '{membership.Name}' was already joined here, as '{member.Name}' ({member.Role}).",
            "Use -Force to put the new certificate in the place of that one. The invitation was not used."));

    internal static CmdletException NoAuthority(ClusterMembership membership) => new(ErrorRecords.Create(
        "AuthorityNotFound", ErrorCategory.ObjectNotFound, membership.AuthorityFolder,
        $"The authority of the cluster '{membership.Name}' is not here: there is no '{membership.AuthorityFolder}'.",
        "Start the issuer where the cluster was made (New-DfssCluster), as the same user."));

    internal static CmdletException NotOfCluster(ClusterMembership membership, string store) => new(ErrorRecords.Create(
        "PeerNotJoined", ErrorCategory.AuthenticationError, store,
        $"The cluster '{membership.Name}' was joined, but not for {store}: the peer has no certificate in "
        + $"'{membership.Folder}'.",
        "Join as a peer: an administrator runs New-DfssInvitation -Role Peer, and a user here runs Join-DfssCluster "
        + "INVITATION -StorePath FOLDER. "
        + "Or, for this user and machine alone, listen on localhost with -Cluster ''."));

    internal static CmdletException IssuerNotGiven(ClusterMembership membership, string store) =>
        new(ErrorRecords.Create(
            "PeerNotJoined", ErrorCategory.AuthenticationError, store,
            $"{WasIssuer(membership, store)} It needs -Issuer to have a certificate.",
            "Start it with -Issuer, which asks for the passphrase of the authority."));

    /// <summary>What a store is that was served by the cluster's issuer.</summary>
    internal static string WasIssuer(ClusterMembership membership, string store) =>
        $"The peer of {store} was the issuer of the cluster '{membership.Name}', and -Issuer is not given.";

    internal static ErrorRecord MemberNotFound(ClusterMembership membership, string name) => ErrorRecords.Create(
        "MemberNotFound", ErrorCategory.ObjectNotFound, name,
        $"No member of the cluster '{membership.Name}' is called '{name}'.",
        "List the members with Get-DfssCertificate.");

    internal static CmdletException InvitationMissing() => new(ErrorRecords.Create(
        "InvitationMissing", ErrorCategory.InvalidArgument, target: null,
        $"No invitation is given: neither -Invitation nor $env:{JoinDfssClusterCommand.InvitationVariable} is given.",
        "Give the text that New-DfssInvitation gave an administrator of the cluster."));

    internal static CmdletException PassphraseMissing() => new(ErrorRecords.Create(
        "PassphraseMissing", ErrorCategory.InvalidArgument, target: null,
        $"The authority's key needs a passphrase: neither -Passphrase nor $env:{ClusterPassphrase.Variable} is given, "
            + "and the session cannot ask for it.",
        "Give -Passphrase as a SecureString, for example (Read-Host -AsSecureString), or set the variable."));

    internal static CmdletException PassphraseWrong(ClusterMembership membership, Exception cause) =>
        new(ErrorRecords.Create(
            "PassphraseWrong", ErrorCategory.AuthenticationError, membership.Name,
            $"The key of the authority of '{membership.Name}' does not open with this passphrase.",
            "Give the passphrase that the cluster was made with.", cause));

    internal static CmdletException PassphraseTooShort() => new(ErrorRecords.Create(
        "PassphraseTooShort", ErrorCategory.InvalidArgument, target: null,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The passphrase has fewer than {ClusterPassphrase.MinCharacters} characters: a copy of the authority's "
                + $"folder would be opened by trying."),
        "Choose a longer one, such as four words; or take the risk with -AllowShortPassphrase."));

    internal static CmdletException PassphrasesDiffer() => new(ErrorRecords.Create(
        "PassphrasesDiffer", ErrorCategory.InvalidArgument, target: null,
        "The two passphrases differ.", "Run the command again, and type the same passphrase twice."));

    internal static CmdletException StateFolderMissing() => new(ErrorRecords.Create(
        "StateFolderMissing", ErrorCategory.ObjectNotFound, target: null,
        "This user has no home folder, which DFSS needs for private state.",
        "Set $env:XDG_STATE_HOME to a folder of this user's."));

    internal static CmdletException StoreMissing() => new(ErrorRecords.Create(
        "StoreMissing", ErrorCategory.InvalidArgument, target: null,
        "The invitation is for a peer, and no store is named that it is to serve.",
        "Give -StorePath, the folder of its store, which is created if it does not exist; or -StoreId."));

    internal static CmdletException StoreNotExpected(string role) => new(ErrorRecords.Create(
        "StoreNotExpected", ErrorCategory.InvalidArgument, target: null,
        $"A store is named, and the invitation is for the role {role}: a store is a peer's.",
        "Leave -StorePath and -StoreId out, or ask for an invitation with -Role Peer."));

    internal static CmdletException StoreIdInvalid(string text) => new(ErrorRecords.Create(
        "StoreIdInvalid", ErrorCategory.InvalidArgument, text,
        $"'{text}' is not a store id.", "An id is 32 hexadecimal digits, as Get-DfssPeer shows it in StoreId."));

    internal static CmdletException NamePrefixInvalid(string text) => new(ErrorRecords.Create(
        "NamePrefixInvalid", ErrorCategory.InvalidArgument, text,
        $"'{text}' is not a valid name prefix.", "Write a prefix, with or without a '*' at the end: builds/*."));

    /// <summary>
    /// Where this user's clusters are looked for: another user, or another $env:XDG_STATE_HOME, has another one.
    /// </summary>
    private static string StateFolder => UserState.Folder is { } folder ? $"'{folder}'" : "(there is none)";

    private static string Names(IEnumerable<ClusterMembership> all) =>
        string.Join(", ", all.Select(one => $"'{one.Name}'"));
}
