using System.Management.Automation;
using System.Security;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Adds recipients to encrypted files. No chunk is sent or encrypted.</summary>
[Cmdlet(VerbsCommon.Add, "DfssFileRecipient", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class AddDfssFileRecipientCommand : StoredFileCmdlet
{
    private KeyRing keys = null!;
    private IReadOnlyList<Recipient> recipients = [];

    /// <summary>Certificates of the new recipients: objects, paths or thumbprints.</summary>
    [Parameter(HelpMessage = "Certificates of the new recipients: objects, paths or thumbprints.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? Recipient { get; set; }

    /// <summary>Encryption keys of the new recipients.</summary>
    [Parameter(HelpMessage = "Encryption keys of the new recipients.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssEncryptionKeySource[]? RecipientKey { get; set; }

    /// <summary>Encryption keys that open the files now: objects, SecureStrings or paths.</summary>
    [Parameter(HelpMessage = "Encryption keys that open the files now: objects, SecureStrings or paths.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public override DfssEncryptionKeySource[]? EncryptionKey { get; set; }

    /// <summary>Certificates with their private keys that open the files now: objects, paths or thumbprints.</summary>
    [Parameter(HelpMessage = "Certificates with their private keys that open the files now.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? DecryptionCertificate { get; set; }

    /// <summary>The password of the files that -DecryptionCertificate names.</summary>
    [Parameter(HelpMessage = "The password of the files that -DecryptionCertificate names.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? DecryptionPassword { get; set; }

    /// <summary>
    /// Files that are changed at one moment. 256: the most, as each costs only a few small questions.
    /// </summary>
    [Parameter(HelpMessage = "Files that are changed at one moment (1-256).")]
    [ValidateRange(1, FilePump.SmallFilesAtOnce)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public override int ThrottleLimit { get; set; } = FilePump.SmallFilesAtOnce;

    /// <summary>Gives what was changed.</summary>
    [Parameter(HelpMessage = "Returns the changed files.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override bool ChangesNamesAlone => true;

    /// <inheritdoc/>
    private protected override bool OpensContents => true;

    /// <inheritdoc/>
    private protected override bool TakesEarlierVersions => false;

    /// <inheritdoc/>
    private protected override string Activity => "Adding recipients";

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        if (Recipient is null && RecipientKey is null)
        {
            throw KeyErrors.NoRecipient();
        }

        var parameters = new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword };
        recipients = await parameters.ReadRecipientsAsync(
            RecipientKey ?? [], Recipient, cancellationToken).ConfigureAwait(false);
        keys = await parameters.ReadKeysAsync(
            EncryptionKey, DecryptionCertificate, cancellationToken).ConfigureAwait(false)
            ?? throw KeyErrors.NoKey();
    }

    /// <inheritdoc/>
    private protected override async Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string action = $"Let {string.Join(", ", recipients.Select(recipient => recipient.KeyId))} read it";
        if (await ShouldProcessAsync(file.Name, action).ConfigureAwait(false))
        {
            await Files.EnqueueChangeAsync(
                file, "Added recipients to", PassThru,
                token => Client.AddRecipientsAsync(file, recipients, keys, token),
                cancellationToken).ConfigureAwait(false);
        }
    }
}
