using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Turns failures into PowerShell's error records: one table for the codes of Core, one method for the cmdlets' own.
/// </summary>
internal static class ErrorRecords
{
    /// <summary>
    /// For each code of Core the category, and the advice if the exception has none. The error id is
    /// the code's name.
    /// </summary>
    internal static readonly IReadOnlyDictionary<DfssErrorCode, (ErrorCategory Category, string Action)> Table =
        new Dictionary<DfssErrorCode, (ErrorCategory Category, string Action)>
        {
            [DfssErrorCode.ProtocolViolation] = (ErrorCategory.ProtocolError,
            "Check that client and peer run released versions of DFSS, and read the peer's log."),
            [DfssErrorCode.VersionNotSupported] = (ErrorCategory.NotImplemented,
            "Update DFSS on the older side."),
            [DfssErrorCode.LimitExceeded] = (ErrorCategory.LimitsExceeded,
            "Keep to the limit that the message names; if the peer sent too much, update the older side."),
            [DfssErrorCode.UnknownOperation] = (ErrorCategory.NotImplemented, "Update the peer."),
            [DfssErrorCode.InvalidArgument] = (ErrorCategory.InvalidArgument,
            "Correct the value that the message names; if you gave no such value, update the older side."),
            [DfssErrorCode.PeerUnreachable] = (ErrorCategory.ConnectionError,
            "Start the peer there (Start-DfssPeer), or name others with -Peer. If it runs at another address, give "
                + "that with -Peer."),
            [DfssErrorCode.TimedOut] = (ErrorCategory.OperationTimeout,
            "Run the command again; if the error persists, check the peer's load and the network."),
            [DfssErrorCode.PeerBusy] = (ErrorCategory.ResourceBusy, "Wait a moment and run the command again."),
            [DfssErrorCode.NotADfssPeer] = (ErrorCategory.ConnectionError,
            "Check the port."),
            [DfssErrorCode.PeerFault] = (ErrorCategory.DeviceError,
            "Read the peer's log, then run the command again."),
            [DfssErrorCode.NotAuthenticated] = (ErrorCategory.AuthenticationError,
            "Give a certificate that the peer trusts. A peer on loopback without a certificate serves only "
            + "the user who "
            + "started it, with the same $env:XDG_STATE_HOME."),
            [DfssErrorCode.CertificateExpired] = (ErrorCategory.AuthenticationError,
            "Renew the certificate, or set the clock that is wrong."),
            [DfssErrorCode.CertificateRevoked] = (ErrorCategory.AuthenticationError,
            "Ask the administrator of the authority for a new certificate."),
            [DfssErrorCode.CertificateNotTrusted] = (ErrorCategory.AuthenticationError,
            "Use a certificate of an authority that the other side trusts."),
            [DfssErrorCode.NotPermitted] = (ErrorCategory.PermissionDenied,
            "Ask the administrator of the peers for a certificate with another role."),
            [DfssErrorCode.TlsRequired] = (ErrorCategory.SecurityError,
            "Join the peer's cluster (Join-DfssCluster), or give a certificate and an authority to trust."),
            [DfssErrorCode.TlsNotExpected] = (ErrorCategory.SecurityError,
            "Give the peer a certificate, or connect without one (-Cluster '' if a cluster was joined)."),
            [DfssErrorCode.TlsFailed] = (ErrorCategory.SecurityError,
            "Check that both sides have TLS 1.3 and trust each other's authority."),
            [DfssErrorCode.RevocationStatusUnknown] = (ErrorCategory.ResourceUnavailable,
            "Run the command again later; the peer's log has the reason."),
            [DfssErrorCode.FileNotFound] = (ErrorCategory.ObjectNotFound,
            "List what is stored with Get-DfssFileInfo."),
            [DfssErrorCode.FileExists] = (ErrorCategory.ResourceExists,
            "Use another name."),
            [DfssErrorCode.Conflict] = (ErrorCategory.ResourceBusy,
            "Look at it with Get-DfssFileInfo, then run the command again."),
            [DfssErrorCode.CommitUncertain] = (ErrorCategory.ResourceUnavailable,
            "Run the same command again: it determines the outcome."),
            [DfssErrorCode.NoMajority] = (ErrorCategory.ResourceUnavailable,
            "Start more of the peers that hold this name, then run the command again. If they run at other addresses, "
                + "give these with -Peer."),
            [DfssErrorCode.InvalidName] = (ErrorCategory.InvalidArgument,
            "Give another -Name: parts joined by '/', none empty, '.' or '..', no '\\' and no control character."),
            [DfssErrorCode.FileChanged] = (ErrorCategory.ResourceUnavailable,
            "Run the command again: it uses the new version."),
            [DfssErrorCode.TooFewReplicas] = (ErrorCategory.ResourceUnavailable,
            "Repair the peers that the message names, or accept fewer copies (-MinimumReplicas)."),
            [DfssErrorCode.InvitationUnknown] = (ErrorCategory.ObjectNotFound,
            "Ask an administrator of the cluster for another invitation."),
            [DfssErrorCode.InvitationUsed] = (ErrorCategory.PermissionDenied,
            "Ask an administrator of the cluster for another invitation."),
            [DfssErrorCode.InvitationExpired] = (ErrorCategory.PermissionDenied,
            "Ask an administrator of the cluster for another invitation."),
            [DfssErrorCode.InvitationInvalid] = (ErrorCategory.InvalidData,
            "Copy the whole text that New-DfssInvitation gave."),
            [DfssErrorCode.NotAnIssuer] = (ErrorCategory.InvalidOperation,
            "Ask the peer that was started with Start-DfssPeer -Issuer."),
            [DfssErrorCode.IssuerUnreachable] = (ErrorCategory.ConnectionError,
            "Start the cluster's issuer (Start-DfssPeer -Issuer), and check that its port can be reached from here."),
            [DfssErrorCode.CertificateUnknown] = (ErrorCategory.ObjectNotFound,
            "Look for it with Get-DfssCertificate."),
            [DfssErrorCode.ChunkNotFound] = (ErrorCategory.ResourceUnavailable,
            "Start the peers that hold the file, or send it again."),
            [DfssErrorCode.ChunkCorrupt] = (ErrorCategory.InvalidData,
            "Send the file again from a good copy, and check the disk of the peer that the message names."),
            [DfssErrorCode.StoreFull] = (ErrorCategory.LimitsExceeded,
            "Free some space at the peer, then run the command again."),
            [DfssErrorCode.StoreFailed] = (ErrorCategory.WriteError,
            "Check the disk of the store, restart the peer, then run the command again."),
            [DfssErrorCode.StoreInUse] = (ErrorCategory.ResourceBusy,
            "Stop that peer, or give another folder with -StorePath."),
            [DfssErrorCode.StoreFormat] = (ErrorCategory.InvalidData,
            "Use a newer DFSS, or another folder."),
            [DfssErrorCode.StoreNotSupported] = (ErrorCategory.InvalidOperation, "Use a local disk."),
            [DfssErrorCode.StoreRunsTwice] = (ErrorCategory.ResourceBusy,
            "Receive what was written only to the copy, then stop its peer and start it again with -StoreCopied."),
            [DfssErrorCode.StoreRelocated] = (ErrorCategory.ResourceUnavailable,
            "For a copy of a store that runs, use -StoreCopied once. If the original never runs again, use "
                + "-StoreMoved once."),
            [DfssErrorCode.SourceChanged] = (ErrorCategory.ResourceBusy,
            "Run the command again when no program writes the file."),
            [DfssErrorCode.SourceUnreadable] = (ErrorCategory.ReadError,
            "Check that the file exists, is a regular file, and may be read."),
            [DfssErrorCode.DestinationExists] = (ErrorCategory.ResourceExists,
            "Name another destination."),
            [DfssErrorCode.DestinationUnwritable] = (ErrorCategory.WriteError,
            "Check that the folder exists, may be written, and has space."),
            [DfssErrorCode.FileTooLarge] = (ErrorCategory.LimitsExceeded, "Split the file."),
            [DfssErrorCode.AddressUnavailable] = (ErrorCategory.ResourceUnavailable,
            "Use another -Port (0 takes any free one) or another -Address."),
            [DfssErrorCode.KeyRequired] = (ErrorCategory.PermissionDenied,
            "Give the key with -EncryptionKey, or the certificate with its private key with -DecryptionCertificate."),
            [DfssErrorCode.KeyWrong] = (ErrorCategory.PermissionDenied,
            "Give one of the keys that the message names."),
            [DfssErrorCode.FileNotEncrypted] = (ErrorCategory.SecurityError,
            "Leave the key out to receive the file as it is."),
            [DfssErrorCode.FileTampered] = (ErrorCategory.SecurityError,
            "Do not use a received part of it; send it again from a good copy, and check which clients may write "
                + "at its peers."),
        };

    /// <summary>
    /// For each error id of the cmdlets the category, and the general advice; each error has the advice for its case.
    /// </summary>
    internal static readonly IReadOnlyDictionary<string, (ErrorCategory Category, string Action)> OwnTable =
        new Dictionary<string, (ErrorCategory Category, string Action)>
        {
            ["AuthorityNotFound"] = (ErrorCategory.ObjectNotFound, "Start the issuer where the cluster was made."),
            ["AuthorityWouldBeLost"] = (ErrorCategory.InvalidOperation, "Use -Force to delete the authority too."),
            ["AuthorityMissing"] = (ErrorCategory.InvalidArgument, "Give -TrustedAuthority beside -Certificate."),
            ["CertificateInvalid"] =
                (ErrorCategory.InvalidData, "Give a PFX or PEM file that has the certificate and its key."),
            ["CertificateMissing"] =
                (ErrorCategory.InvalidArgument, "Give -Certificate too, or leave all of them out."),
            ["CertificateNotFound"] =
                (ErrorCategory.ObjectNotFound, "Give a certificate, a file's path, or a thumbprint."),
            ["CertificatePasswordWrong"] = (ErrorCategory.AuthenticationError, "Give the right -CertificatePassword."),
            ["CertificateUnreadable"] =
                (ErrorCategory.ReadError, "Check that the user who runs the command can read it."),
            ["ClusterAmbiguous"] = (ErrorCategory.InvalidArgument, "Give -Cluster, or set $env:DFSS_CLUSTER."),
            ["ClusterAndCertificate"] = (ErrorCategory.InvalidArgument, "Give one of them."),
            ["ClusterExists"] = (ErrorCategory.ResourceExists, "Take another name."),
            ["ClusterIncomplete"] = (ErrorCategory.InvalidData, "Join once more, or remove the cluster's folder."),
            ["ClusterJoined"] = (ErrorCategory.ResourceExists, "Use -Force to replace the certificate."),
            ["ClusterMissing"] = (ErrorCategory.ObjectNotFound, "Make a cluster, or join one."),
            ["ClusterNotFound"] = (ErrorCategory.ObjectNotFound, "Join it, or name another one."),
            ["ContentEmpty"] =
                (ErrorCategory.InvalidData, "Check the command before; for an empty file give -Value '' -NoNewline."),
            ["ContentNotText"] = (ErrorCategory.InvalidType, "Give text; for an array of bytes give -AsByteStream."),
            ["ContentNotBytes"] = (ErrorCategory.InvalidType, "Give bytes, or leave -AsByteStream out."),
            ["ContentPartAmbiguous"] = (ErrorCategory.InvalidArgument, "Give one of -Raw, -Tail and -TotalCount."),
            ["DestinationMissing"] = (ErrorCategory.InvalidArgument, "Give -Destination too, or leave these out."),
            ["DestinationNotFolder"] = (ErrorCategory.InvalidArgument,
            "End -Destination with '/' to receive into a folder."),
            ["DestinationOnOtherDrive"] = (ErrorCategory.InvalidArgument, "Receive the files, and send them."),
            ["DriveNotFound"] = (ErrorCategory.ObjectNotFound, "Check the drive's name."),
            ["EncryptionKeyInvalid"] = (ErrorCategory.InvalidData, "Give a key that New-DfssEncryptionKey made."),
            ["EncryptionKeyNotFound"] =
                (ErrorCategory.ObjectNotFound, "Check the path; New-DfssEncryptionKey makes a key."),
            ["EncryptionKeyUnreadable"] =
                (ErrorCategory.ReadError, "Check that the user who runs the command can read it."),
            ["FlattenAndRelativeTo"] = (ErrorCategory.InvalidArgument, "Give one of them."),
            ["FolderNotStored"] = (ErrorCategory.InvalidOperation, "Store the file; its folders come with it."),
            ["HostNotFound"] = (ErrorCategory.ObjectNotFound, "Set $env:DFSS_HOST to the path of pwsh or dfss."),
            ["InvitationMissing"] = (ErrorCategory.InvalidArgument, "Give -Invitation, or set $env:DFSS_INVITATION."),
            ["HiddenNameKeyMissing"] = (ErrorCategory.InvalidArgument, "Give -EncryptionKey too."),
            ["HiddenNameMissing"] = (ErrorCategory.InvalidArgument, "Give -HiddenName too, or no key."),
            ["ListingIncomplete"] = (ErrorCategory.InvalidOperation, "Start the peers that do not answer."),
            ["MemberNotFound"] = (ErrorCategory.ObjectNotFound, "List the members with Get-DfssCertificate."),
            ["MirrorIncomplete"] = (ErrorCategory.InvalidOperation, "Correct the other errors, and run it again."),
            ["MirrorNeedsAnswer"] = (ErrorCategory.InvalidArgument, "Give -Confirm:$false."),
            ["MirrorNeedsFolder"] = (ErrorCategory.InvalidArgument, "Give a folder."),
            ["MirrorSourceEmpty"] = (ErrorCategory.InvalidOperation, "Check the source."),
            ["MovedAndCopied"] = (ErrorCategory.InvalidArgument, "Give one of them."),
            ["NameWouldShow"] = (ErrorCategory.InvalidOperation, "Give -HiddenName and -EncryptionKey."),
            ["KeyMissing"] = (ErrorCategory.InvalidArgument, "Give -EncryptionKey or -DecryptionCertificate."),
            ["NameAndRelativeTo"] = (ErrorCategory.InvalidArgument, "Give -Name or -RelativeTo, not both."),
            ["NameAndRecurse"] = (ErrorCategory.InvalidArgument, "Give -Prefix for the folder in the store."),
            ["NameInvalid"] = (ErrorCategory.InvalidArgument, "Use -LiteralName for a name with brackets."),
            ["NameOutsideRelativeTo"] =
                (ErrorCategory.InvalidArgument, "Give a -RelativeTo that all names begin with."),
            ["NamePrefixInvalid"] = (ErrorCategory.InvalidArgument, "Write a prefix, for example builds/*."),
            ["NameUsedTwice"] = (ErrorCategory.InvalidArgument, "Use -RelativeTo, or give each file its own -Name."),
            ["NewNameMissing"] = (ErrorCategory.InvalidArgument, "Give -NewName, or -Destination."),
            ["OptionNotOfDrive"] = (ErrorCategory.InvalidArgument, "Leave the option out."),
            ["PassThruAndDetailed"] = (ErrorCategory.InvalidArgument, "Give one of them."),
            ["PassphraseMissing"] =
                (ErrorCategory.InvalidArgument, "Give -Passphrase, or set $env:DFSS_CLUSTER_PASSPHRASE."),
            ["PassphraseTooShort"] =
                (ErrorCategory.InvalidArgument, "Choose a longer one, or give -AllowShortPassphrase."),
            ["PassphraseWrong"] =
                (ErrorCategory.AuthenticationError, "Give the passphrase that the cluster was made with."),
            ["PassphrasesDiffer"] = (ErrorCategory.InvalidArgument, "Type the same passphrase twice."),
            ["PathInvalid"] = (ErrorCategory.InvalidArgument, "Use -LiteralPath for a path with brackets."),
            ["PathIsFolder"] = (ErrorCategory.InvalidType, "Use -Recurse for the files of a folder."),
            ["PathOfNoDrive"] = (ErrorCategory.ObjectNotFound, "Give a path of a drive."),
            ["PathNotFound"] = (ErrorCategory.ObjectNotFound, "Check the path."),
            ["PathNotOfFileSystem"] = (ErrorCategory.InvalidArgument, "Give the path of a file."),
            ["PathOutsideRelativeTo"] = (ErrorCategory.InvalidArgument, "Give a -RelativeTo folder above all files."),
            ["PathUnreadable"] = (ErrorCategory.PermissionDenied, "Run the command as a user who can read the folder."),
            ["PeerAddressInvalid"] = (ErrorCategory.InvalidArgument, "Write host:port, for example localhost:9000."),
            ["PeerMissing"] =
                (ErrorCategory.InvalidArgument, "Give -Peer host:port, set $env:DFSS_PEER, or start a peer."),
            ["PeerNotJoined"] = (ErrorCategory.AuthenticationError, "Join as a peer, for this store."),
            ["PeerNotOfSession"] = (ErrorCategory.ObjectNotFound, "See Get-DfssPeer for the peers of this session."),
            ["PeerOfOtherSession"] = (ErrorCategory.PermissionDenied, "Stop the peer in the session that started it."),
            ["PeerStartFailed"] = (ErrorCategory.OpenError, "Set $env:DFSS_HOST to the path of pwsh 7.6 or dfss."),
            ["PrefixNeedsRelativeTo"] = (ErrorCategory.InvalidArgument, "Give -RelativeTo too."),
            ["RecipientMissing"] = (ErrorCategory.InvalidArgument, "Give -Recipient or -RecipientKey."),
            ["RemoteRestricted"] =
                (ErrorCategory.PermissionDenied, "Connect to an endpoint with the full language, or use Copy-Item."),
            ["RemoteTooOld"] =
                (ErrorCategory.NotImplemented, "Connect to PowerShell 7.6 or newer there, or use Copy-Item."),
            ["SecretModuleMissing"] = (ErrorCategory.NotInstalled, "Install it and a vault, or give a PSCredential."),
            ["SecretNotFound"] = (ErrorCategory.ObjectNotFound, "See Get-SecretInfo for the names of secrets."),
            ["SecretTypeWrong"] = (ErrorCategory.InvalidType, "Store a PSCredential there with Set-Secret."),
            ["SessionNotOpen"] = (ErrorCategory.ConnectionError, "Give a session that is open and idle."),
            ["StateFolderMissing"] =
                (ErrorCategory.ObjectNotFound, "Set $env:XDG_STATE_HOME to a folder of this user's."),
            ["StoreIdInvalid"] = (ErrorCategory.InvalidArgument, "An id is 32 hexadecimal digits."),
            ["StoreMissing"] = (ErrorCategory.InvalidArgument, "Give -StorePath or -StoreId."),
            ["StoreNotExpected"] = (ErrorCategory.InvalidArgument, "Leave -StorePath and -StoreId out."),
            ["WaitAndDetached"] = (ErrorCategory.InvalidArgument, "Give -Wait or -Detached, not both."),
            ["TransferInUse"] = (ErrorCategory.ResourceBusy, "Run the command in the process that the message names."),
            ["TransferNeedsSecret"] = (ErrorCategory.InvalidOperation, "Run the command again, with its parameters."),
            ["TransferNotClaimed"] = (ErrorCategory.WriteError, "Check who may write there, and run it again."),
            ["TransferNotDeleted"] = (ErrorCategory.WriteError, "Check who may write there, and run it again."),
            ["TransferNotFound"] = (ErrorCategory.ObjectNotFound, "List the transfers with Get-DfssTransfer."),
            ["TransferNotRunning"] = (ErrorCategory.InvalidOperation, "Start it again with Resume-DfssTransfer."),
            ["TransferStopped"] = (ErrorCategory.OperationStopped, "Run the command again, which resumes."),
        };

    /// <summary>
    /// The error record of a failure of Core. The record's message is what failed and where, its recommended action is
    /// the advice: PowerShell shows both, one after the other. The exception's message has both too.
    /// </summary>
    /// <param name="failure">The failure.</param>
    /// <param name="target">What the error is about.</param>
    internal static ErrorRecord Create(DfssException failure, object? target)
    {
        (ErrorCategory category, string action) = Table[failure.Code];
        DfssException exception = failure.Advice is null ? failure.Copy(advice: action) : failure;
        return new ErrorRecord(exception, exception.Code.ToString(), category, target)
        {
            ErrorDetails = new ErrorDetails(exception.Reason) { RecommendedAction = exception.Advice },
        };
    }

    /// <summary>An error of the cmdlets' own, of <see cref="OwnTable"/>.</summary>
    internal static ErrorRecord Create(
        string id, ErrorCategory category, object? target, string message, string action,
        Exception? innerException = null) =>
        new(new InvalidOperationException($"{message} {action}", innerException), id, category, target)
        {
            ErrorDetails = new ErrorDetails(message) { RecommendedAction = action },
        };

    /// <summary>
    /// Whether no further input can succeed either: the peers themselves cannot be spoken with. That one chunk cannot
    /// be had is about its file alone.
    /// </summary>
    internal static bool IsAboutThePeers(DfssException failure) => failure.ChunkId is null
        && failure.Code is DfssErrorCode.PeerUnreachable or DfssErrorCode.TimedOut or DfssErrorCode.NotADfssPeer
            or DfssErrorCode.VersionNotSupported or DfssErrorCode.NotAuthenticated or DfssErrorCode.CertificateExpired
            or DfssErrorCode.CertificateRevoked or DfssErrorCode.CertificateNotTrusted or DfssErrorCode.TlsRequired
            or DfssErrorCode.TlsNotExpected or DfssErrorCode.TlsFailed or DfssErrorCode.RevocationStatusUnknown;
}
