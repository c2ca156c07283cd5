using System.Diagnostics;
using System.Management.Automation;
using System.Security;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Compares local files with stored ones by the SHA-256 of each chunk. The local file is read; of the stored one only
/// the list of its chunks crosses the network, and of an encrypted one its chunks.
/// </summary>
[Cmdlet(VerbsData.Compare, "DfssFile", DefaultParameterSetName = PathSet)]
[OutputType(typeof(DfssFileComparison))]
public sealed class CompareDfssFileCommand : LocalFileCmdlet
{
    private KeyRing? keys;
    private IReadOnlyList<HiddenNames>? hidden;

    /// <summary>
    /// Encryption keys to read encrypted files with: objects, SecureStrings or paths. Files that are not encrypted are
    /// then refused.
    /// </summary>
    [Parameter(HelpMessage = "Encryption keys to read encrypted files with: objects, SecureStrings or paths.")]
    [EncryptionKeyArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssEncryptionKeySource[]? EncryptionKey { get; set; }

    /// <summary>
    /// Certificates with their private keys to read encrypted files with: objects, paths or thumbprints.
    /// </summary>
    [Parameter(HelpMessage = "Certificates with their private keys to read encrypted files with.")]
    [CertificateArgument(IsList = true)]
    [ValidateNotNullOrEmpty]
    public DfssCertificateSource[]? DecryptionCertificate { get; set; }

    /// <summary>The password of the files that -DecryptionCertificate names.</summary>
    [Parameter(HelpMessage = "The password of the files that -DecryptionCertificate names.")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(NoCompletion))]
    public SecureString? DecryptionPassword { get; set; }

    /// <summary>Wildcards match hidden files and folders too.</summary>
    [Parameter(HelpMessage = "Wildcards match hidden files too.")]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Comparing";

    /// <inheritdoc/>
    private protected override bool IncludesHidden => Force;

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        var parameters = new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword };
        keys = await parameters.ReadKeysAsync(
            EncryptionKey, DecryptionCertificate, cancellationToken).ConfigureAwait(false);
        hidden = await parameters.ReadHiddenNamesAsync(
            EncryptionKey, HiddenName, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override Task ProcessFileAsync(LocalFile file, CancellationToken cancellationToken) =>
        Files.EnqueueAsync(
            new FileWork(file.Name, file.Path, file.Length, (progress, token) => CompareAsync(file, progress, token)),
            cancellationToken);

    /// <inheritdoc/>
    private protected override async Task TakeRestAsync(CancellationToken cancellationToken)
    {
        await foreach (StoredFile file in FindOnlyStoredAsync(hidden, cancellationToken).ConfigureAwait(false))
        {
            var work = new FileWork(
                file.Name, file.Name, Length: 0, (_, _) => Task.FromResult<Action>(
                    () => WriteObject(DfssFileComparison.OnlyThere(file))))
            {
                StoredName = file.Record.Name,
            };
            await Files.EnqueueAsync(work, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Action> CompareAsync(LocalFile file, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        var query = new NameQuery(file.Name, isLiteral: true, hidden);
        StoredFile stored;
        try
        {
            stored = await query.GetAsync(Client, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (Recurse && exception.Code == DfssErrorCode.FileNotFound)
        {
            string storedName = hidden is [HiddenNames first, ..] ? first.Hide(file.Name) : file.Name;
            return () => WriteObject(DfssFileComparison.OnlyHere(file, storedName));
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.FileNotFound)
        {
            throw await ExplainAsync(query, exception, cancellationToken).ConfigureAwait(false);
        }

        FileComparison comparison = await Client.CompareAsync(file.Path, stored, keys, progress,
            cancellationToken).ConfigureAwait(false);
        Files.SayDone($"Compared '{file.Path}' with", stored, started);
        return () => WriteObject(new DfssFileComparison(file.Path, file.Name, stored.Record.Name, comparison));
    }
}
