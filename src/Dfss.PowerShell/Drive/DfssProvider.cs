using System.Management.Automation;
using System.Management.Automation.Provider;
using System.Management.Automation.Runspaces;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Drives whose files are stored at peers: New-PSDrive -PSProvider Dfss. A folder is there while a name below it is. A
/// path is a file, a folder, or both at once, as names a and a/b may both be stored.
/// </summary>
[CmdletProvider("Dfss", ProviderCapabilities.ShouldProcess | ProviderCapabilities.Filter)]
[OutputType(typeof(DfssFileInfo), typeof(DfssFolderInfo), ProviderCmdlet = "Get-ChildItem")]
[OutputType(typeof(DfssFileInfo), typeof(DfssFolderInfo), ProviderCmdlet = "Get-Item")]
public sealed partial class DfssProvider : NavigationCmdletProvider, IContentCmdletProvider
{
    /// <inheritdoc/>
    protected override object NewDriveDynamicParameters() => new DriveParameters();

    /// <inheritdoc/>
    protected override PSDriveInfo NewDrive(PSDriveInfo drive)
    {
        ArgumentNullException.ThrowIfNull(drive);
        if (drive is DfssDriveInfo made)
        {
            return made;
        }

        ThrowIfOfDrive(drive.Root);
        var parameters = DynamicParameters as DriveParameters ?? new DriveParameters();
        var messages = new DriveMessages(TimeProvider.System, $"{drive.Name}:");
        SessionState session = SessionState;
        return Run($"{drive.Name}:", messages, client: null, said: null, async (call, token) =>
        {
            DriveStore store = await ConnectAsync(parameters, messages, session, call, token).ConfigureAwait(false);
            try
            {
                return DfssDriveInfo.Create(drive, store);
            }
            catch
            {
                await store.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        });
    }

    /// <inheritdoc/>
    protected override PSDriveInfo RemoveDrive(PSDriveInfo drive)
    {
        if (drive is DfssDriveInfo ours)
        {
            PipelineBridge.WaitFor(() => ours.CloseAsync().AsTask());
        }

        return drive;
    }

    /// <summary>Refuses a root that is a path of a drive: as a name in the store it would lead to nothing.</summary>
    private void ThrowIfOfDrive(string root)
    {
        var names = new DriveNames(SessionState);
        string name = string.IsNullOrEmpty(root) ? string.Empty : names.Translate(root, isPattern: false);
        if (names.Drive is { } other)
        {
            throw new CmdletException(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.InvalidName,
                    $"-Root is a folder in the store, and not a path of the drive {other.Name}:.",
                    $"Give -Root '{name.TrimEnd('/')}', with the same peers as that drive."),
                root));
        }
    }

    private static async Task<DriveStore> ConnectAsync(
        DriveParameters given, DriveMessages messages, SessionState session, DriveCall call,
        CancellationToken cancellationToken)
    {
        var notices = new CertificateNotices(messages.Tell, messages.Warn);
        var parameters = new IdentityParameters
        {
            Certificate = given.Certificate,
            CertificatePassword = given.CertificatePassword,
            TrustedAuthorities = given.TrustedAuthority ?? [],
            RevocationList = given.RevocationList,
            AllowTls12 = given.AllowTls12,
            Cluster = given.Cluster,
            Notices = notices,
            OfCluster = async choice => choice.Membership is { } membership
                ? await ClusterIdentity.OfUserAsync(membership, notices, cancellationToken).ConfigureAwait(false)
                : null,
            ResolvePath = async path =>
            {
                FileSystemPath resolved = await call.InvokeAsync(
                    () => FileSystemPath.ResolveNew(session.Path, path)).ConfigureAwait(false);
                return resolved.Errors is [{ } error, ..] ? throw new CmdletException(error) : resolved.Paths[0];
            },
        };
        TlsIdentity? identity = await parameters.ReadAsync(cancellationToken).ConfigureAwait(false);
        ClusterChoice choice = parameters.Choice;
        var named = new NamedPeers(
            choice, identity, () => call.InvokeAsync(() => Runspace.DefaultRunspace), messages.Tell);
        IReadOnlyList<PeerAddress> peers = await named.FindAsync(given.Peer, cancellationToken).ConfigureAwait(false);
        var client = new DfssClient(peers.Count > 0 ? peers : throw NamedPeers.Missing(), new TransferOptions
        {
            Identity = identity,
            AllowsOwnPlaintextPeers = choice.Membership is not null && !choice.IsExplicit,
            Warning = messages.Warn,
            Verbose = messages.Tell,
        });
        return new DriveStore(client, messages, choice);
    }
}
