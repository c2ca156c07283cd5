using System.Management.Automation;
using System.Security;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Opens stored files as streams that can be read and sought: only the chunks that are read are fetched, each verified.
/// </summary>
[Cmdlet(VerbsCommon.Open, "DfssFile", DefaultParameterSetName = NameSet)]
[OutputType(typeof(Stream))]
public sealed class OpenDfssFileCommand : StoredFileCmdlet
{
    private readonly List<Stream> given = [];
    private KeyRing? keys;

    // Whether the streams are the caller's when the command ends now, unless it is stopped.
    private bool isDone;

    /// <summary>An earlier version of each file that is kept, in place of the one it is at.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>Encryption keys to read encrypted files with: objects, SecureStrings or paths. Files that are not
    /// encrypted are then refused.</summary>
    [Parameter(HelpMessage = "Encryption keys to read encrypted files with: objects, SecureStrings or paths.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public override DfssEncryptionKeySource[]? EncryptionKey { get; set; }

    /// <summary>Certificates with their private keys to read encrypted files with: objects, paths or
    /// thumbprints.</summary>
    [Parameter(HelpMessage = "Certificates with their private keys to read encrypted files with.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? DecryptionCertificate { get; set; }

    /// <summary>The password of the files that -DecryptionCertificate names.</summary>
    [Parameter(HelpMessage = "The password of the files that -DecryptionCertificate names.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? DecryptionPassword { get; set; }

    /// <inheritdoc/>
    private protected override bool OpensContents => true;

    /// <inheritdoc/>
    private protected override long? GivenVersion => Version;

    /// <inheritdoc/>
    private protected override string? Activity => null;

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        keys = await new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword }
            .ReadKeysAsync(EncryptionKey, DecryptionCertificate, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken) =>
        DoAtOnceAsync(file, async () =>
        {
            Stream stream = await OpenAsync(file, cancellationToken).ConfigureAwait(false);
            bool isGiven = false;
            try
            {
                await InvokeAsync(() =>
                {
                    isGiven = true;
                    given.RemoveAll(earlier => !earlier.CanRead);
                    given.Add(stream);
                    Give(stream);
                }).ConfigureAwait(false);
            }
            finally
            {
                if (!isGiven)
                {
                    await stream.DisposeAsync().ConfigureAwait(false);
                }
            }
        });

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        await base.EndAsync(cancellationToken).ConfigureAwait(false);
        isDone = true;
    }

    /// <summary>A command that fails or is stopped gives its caller nothing: what it opened is closed.</summary>
    private protected override async ValueTask CleanUpAsync()
    {
        foreach (Stream stream in isDone && !StopToken.IsCancellationRequested ? [] : given)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }

        await base.CleanUpAsync().ConfigureAwait(false);
    }

    /// <summary>Writes a stream. A later command may end the pipeline with it, as Select-Object -First does: it then
    /// has the streams.</summary>
    private void Give(Stream stream)
    {
        isDone = true;
        WriteObject(stream);
        isDone = false;
    }

    /// <summary>Opens a file with a client of its own: it goes on when this command has ended.</summary>
    private async Task<Stream> OpenAsync(StoredFile file, CancellationToken cancellationToken)
    {
        // The streams of this command are closed by then.
        TransferOptions quiet = CreateOptions() with { Warning = null, Verbose = null, Debug = null };
        var own = new DfssClient(Client.Peers, quiet);
        Stream? opened = null;
        try
        {
            opened = await own.OpenAsync(
                file, new OpenOptions { Keys = keys, DisposesClient = true }, cancellationToken).ConfigureAwait(false);
            return opened;
        }
        finally
        {
            if (opened is null)
            {
                await own.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
