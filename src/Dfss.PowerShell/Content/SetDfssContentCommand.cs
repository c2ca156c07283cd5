using System.Diagnostics;
using System.Management.Automation;
using System.Text;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Stores what comes through the pipeline, or from a stream, as the content of a file, without a local file. It is sent
/// chunk by chunk while it comes; the name is changed when the input has ended, and not at all where it fails.
/// </summary>
[Cmdlet(VerbsCommon.Set, "DfssContent", DefaultParameterSetName = ValueSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed partial class SetDfssContentCommand : ClientCmdlet
{
    private const string ValueSet = "Value";
    private const string StreamSet = "InputStream";

    /// <summary>8 chunks in flight fill a link to one peer; one file needs no more, and less memory.</summary>
    private const int DefaultThrottleLimit = 8;

    private SendOptions options = SendOptions.Default;
    private HiddenNames? hidden;

    /// <summary>The name of the stored file, every character is literal.</summary>
    [Parameter(
        Mandatory = true, Position = 0, HelpMessage = "The name of the stored file, every character is literal.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PlainNameCompletion))]
    public string Name { get; set; } = string.Empty;

    /// <summary>The content: objects, each as a line of text; with -AsByteStream, bytes or arrays of bytes.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ParameterSetName = ValueSet,
        HelpMessage = "The content: objects, each as a line of text; with -AsByteStream, bytes or arrays of bytes.")]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    [ArgumentCompleter(typeof(NoCompletion))]
    public object? Value { get; set; }

    /// <summary>A .NET stream that is read from where it is to its end, and not disposed.</summary>
    [Parameter(Mandatory = true, ParameterSetName = StreamSet,
        HelpMessage = "A .NET stream that is read from where it is to its end, and not disposed.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public Stream? InputStream { get; set; }

    /// <summary>The content is bytes in place of text.</summary>
    [Parameter(ParameterSetName = ValueSet, HelpMessage = "The content is bytes in place of text.")]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>Adds no line end after each object.</summary>
    [Parameter(ParameterSetName = ValueSet, HelpMessage = "Adds no line end after each object.")]
    public SwitchParameter NoNewline { get; set; }

    /// <summary>The encoding of the text.</summary>
    [Parameter(ParameterSetName = ValueSet, HelpMessage = "The encoding of the text.")]
    [EncodingArgument]
    [ValidateNotNull]
    [PSDefaultValue(Value = "utf8NoBOM")]
    [ArgumentCompleter(typeof(EncodingCompletion))]
    public Encoding Encoding { get; set; } = EncodingArgumentAttribute.Utf8NoBom;

    /// <summary>Replaces a stored file of the same name.</summary>
    [Parameter(HelpMessage = "Replaces a stored file of the same name.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Replaces exactly this version of the name; 0 for one that was never sent.</summary>
    [Parameter(HelpMessage = "Replaces exactly this version of the name.")]
    [ValidateRange(0, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? IfVersion { get; set; }

    /// <summary>How many earlier versions of a name are kept beside the one that is sent.</summary>
    [Parameter(HelpMessage = "How many earlier versions of a name are kept (0-64).")]
    [ValidateRange(0, DfssLimits.MaxPreviousVersions)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int KeepVersions { get; set; } = SendOptions.DefaultKeepVersions;

    /// <summary>The length of a chunk in bytes, 64KB to 16MB.</summary>
    [Parameter(HelpMessage = "The length of a chunk in bytes, 64KB to 16MB.")]
    [ValidateRange(DfssLimits.MinChunkSize, DfssLimits.MaxChunkSize)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int ChunkSize { get; set; } = DfssLimits.DefaultChunkSize;

    /// <summary>At how many peers each chunk is to be: 2, or 1 where the file has one peer.</summary>
    [Parameter(HelpMessage = "At how many peers each chunk is to be.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [PSDefaultValue(Value = SendOptions.DefaultReplicas)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? Replicas { get; set; }

    /// <summary>At how many peers each chunk must be: 2, or 1 where one copy is asked for.</summary>
    [Parameter(HelpMessage = "At how many peers each chunk must be for the file to be sent.")]
    [ValidateRange(1, DfssLimits.MaxHomeMembers)]
    [PSDefaultValue(Value = SendOptions.DefaultReplicas)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int? MinimumReplicas { get; set; }

    /// <summary>How many bytes a second are sent at most.</summary>
    [Parameter(HelpMessage = "How many bytes a second are sent at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public long? BandwidthLimit { get; set; }

    /// <summary>A key to encrypt the file with, so that the peers cannot read it: an object, a SecureString or a
    /// path.</summary>
    [Parameter(HelpMessage = "A key to encrypt the file with: an object, a SecureString or a path.")]
    [EncryptionKeyArgument]
    [ValidateNotNull]
    public DfssEncryptionKeySource? EncryptionKey { get; set; }

    /// <summary>The certificates of the recipients that the file is encrypted for, so that the peers cannot read it:
    /// objects, paths or thumbprints.</summary>
    [Parameter(
        HelpMessage = "Certificates of the recipients that can decrypt the file: objects, paths or thumbprints.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? Recipient { get; set; }

    /// <summary>The name is hidden from the peers, under the key of -EncryptionKey.</summary>
    [Parameter(HelpMessage = "The name is hidden from the peers, under the key of -EncryptionKey.")]
    public SwitchParameter HiddenName { get; set; }

    /// <summary>Chunks in flight at one moment, over all peers.</summary>
    [Parameter(HelpMessage = "Chunks in flight at one moment, over all peers (1-256).")]
    [ValidateRange(1, 256)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int ThrottleLimit { get; set; } = DefaultThrottleLimit;

    /// <summary>Returns the stored file.</summary>
    [Parameter(HelpMessage = "Returns the stored file.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() =>
        base.CreateOptions() with { ThrottleLimit = ThrottleLimit, BytesPerSecond = BandwidthLimit };

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        var keys = new KeyParameters { ResolvePath = ResolveNewAsync };
        DfssEncryptionKeySource[] given = EncryptionKey is null ? [] : [EncryptionKey];
        hidden = (await keys.ReadHiddenNamesAsync(given, HiddenName, cancellationToken).ConfigureAwait(false))?[0];
        options = new SendOptions
        {
            ChunkSize = ChunkSize,
            Replicas = Replicas,
            MinimumReplicas = MinimumReplicas,
            Force = Force,
            IfVersion = IfVersion,
            KeepVersions = KeepVersions,
            Recipients = await keys.ReadRecipientsAsync(given, Recipient, cancellationToken).ConfigureAwait(false),
        };
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        Name = FileName.NormalizeNew(Name);
        if (await ShouldProcessAsync(Name, "Set the content").ConfigureAwait(false))
        {
            Start();
        }
    }

    /// <inheritdoc/>
    private protected override void Translate(DriveNames drives) => Name = drives.Translate(Name, isPattern: false);

    /// <summary>Sends what a stream gives.</summary>
    private async Task<StoredFile> SendAsync(Stream stream, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        string name = hidden?.Hide(Name) ?? Name;
        StoredFile stored;
        try
        {
            stored = await Client.SendAsync(stream, name, options, progress: null, cancellationToken)
                .ConfigureAwait(false) with
            {
                Name = Name
            };
        }
        catch (DfssException exception)
        {
            throw FileWork.Tell(exception, name, Name);
        }

        Remember(stored);
        Client.Options.Verbose?.Invoke(FormattableString.Invariant($"Set '{Name}' version {stored.Record.Version}: ")
            + FilePump.DescribeRate(stored.Record.ContentLength, started) + ".");
        return stored;
    }
}
