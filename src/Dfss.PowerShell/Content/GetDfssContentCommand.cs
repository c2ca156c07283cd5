using System.Management.Automation;
using System.Security;
using System.Text;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Reads the content of stored files, as text or as bytes, without a local file. Each chunk is verified before any of
/// it is written to the pipeline.
/// </summary>
[Cmdlet(VerbsCommon.Get, "DfssContent", DefaultParameterSetName = NameSet)]
[OutputType(typeof(string), typeof(byte), typeof(byte[]))]
public sealed partial class GetDfssContentCommand : StoredFileCmdlet
{
    private KeyRing? keys;
    private bool isBegun;

    /// <summary>Writes all text of a file as one string; with -AsByteStream, bytes in arrays.</summary>
    [Parameter(HelpMessage = "Writes all text of a file as one string; with -AsByteStream, bytes in arrays.")]
    public SwitchParameter Raw { get; set; }

    /// <summary>Writes bytes in place of text.</summary>
    [Parameter(HelpMessage = "Writes bytes in place of text.")]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>The encoding of the text, where no byte order mark names it.</summary>
    [Parameter(HelpMessage = "The encoding of the text, where no byte order mark names it.")]
    [EncodingArgument]
    [ValidateNotNull]
    [PSDefaultValue(Value = "utf8NoBOM")]
    [ArgumentCompleter(typeof(EncodingCompletion))]
    public Encoding Encoding { get; set; } = EncodingArgumentAttribute.Utf8NoBom;

    /// <summary>How many bytes at the start of each file are passed over.</summary>
    [Parameter(HelpMessage = "How many bytes at the start of each file are passed over.")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long Offset { get; set; }

    /// <summary>How many bytes of each file are read at most.</summary>
    [Parameter(HelpMessage = "How many bytes of each file are read at most.")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? Count { get; set; }

    /// <summary>How many lines at the start are written at most; with -AsByteStream, bytes.</summary>
    [Parameter(HelpMessage = "How many lines at the start are written at most; with -AsByteStream, bytes.")]
    [Alias("First", "Head")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? TotalCount { get; set; }

    /// <summary>How many lines at the end are written at most; with -AsByteStream, bytes.</summary>
    [Parameter(HelpMessage = "How many lines at the end are written at most; with -AsByteStream, bytes.")]
    [Alias("Last")]
    [ValidateRange(0, int.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? Tail { get; set; }

    /// <summary>An earlier version of each file that is kept, in place of the one it is at.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>How many bytes a second are received at most, over all files.</summary>
    [Parameter(HelpMessage = "How many bytes a second are received at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

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
    private protected override TransferOptions CreateOptions() =>
        base.CreateOptions() with { BytesPerSecond = BandwidthLimit };

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        if ((Tail is not null && TotalCount is not null)
            || (Raw && !AsByteStream && (Tail is not null || TotalCount is not null)))
        {
            throw new CmdletException(ErrorRecords.Create(
                "ContentPartAmbiguous", ErrorCategory.InvalidArgument, target: null,
                "-Tail and -TotalCount exclude each other, and -Raw, which gives all text as one string, "
                    + "excludes both.",
                "Give one of them."));
        }

        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        keys = await new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword }
            .ReadKeysAsync(EncryptionKey, DecryptionCertificate, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads one file. A failure after some of it was written ends the pipeline: a later command would take
    /// that part for the whole.</summary>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken) =>
        DoAtOnceAsync(file, async () =>
        {
            isBegun = false;
            try
            {
                await ReadAsync(file, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception) when (isBegun)
            {
                throw new CmdletException(ErrorRecords.Create(
                    FileWork.Tell(exception, file.Record.Name, file.Name), file.Name));
            }
        });

    private async Task ReadAsync(StoredFile file, CancellationToken cancellationToken)
    {
        Stream stream = await Client.OpenAsync(
            file, new OpenOptions { Keys = keys }, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var range = new ContentRange(stream);
            range.Limit(Offset, Count ?? long.MaxValue);
            await (AsByteStream
                ? WriteBytesAsync(range, cancellationToken)
                : WriteTextAsync(file, range, cancellationToken)).ConfigureAwait(false);
        }
    }
}
