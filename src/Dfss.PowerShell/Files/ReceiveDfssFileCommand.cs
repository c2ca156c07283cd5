using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Management.Automation;
using System.Security;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Receives stored files. A file gets its name only when every chunk has been verified. Several files
/// are received at once; results come in the order of the input.</summary>
[Cmdlet(VerbsCommunications.Receive, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ReceiveDfssFileCommand : StoredFileCmdlet
{
    /// <summary>The current location.</summary>
    private const string DefaultDestination = ".";

    private ReceiveOptions options = ReceiveOptions.Default;
    // By full path without a separator at its end, as a folder may be named with one and without.
    private readonly Dictionary<string, ReceiveDestination> destinations = new(StringComparer.Ordinal);

    // The destination of -Destination or the current location, for all inputs without their own; null: not needed yet.
    private ReceiveDestination? common;
    private bool isDestinationFixed;

    // The destination of the current input.
    private ReceiveDestination? taking;

    // Where the destination is no folder: the one file for it.
    private readonly SoleFile<StoredFile> sole;

    /// <summary>Makes the cmdlet.</summary>
    public ReceiveDfssFileCommand() => sole = new SoleFile<StoredFile>((first, second) => ErrorRecords.Create(
        "DestinationNotFolder", ErrorCategory.InvalidArgument, taking!.Path,
        $"'{first.Name}' and '{second.Name}' cannot both be received as '{taking.Path}', which is not a folder. "
            + "Nothing was received.",
        "End -Destination with '/': it is then a folder, created if it does not exist."));

    /// <summary>Where to: an existing folder (or a path that ends in a separator) takes the files under their names,
    /// with subfolders for the parts before '/'; any other path is the file's own, and several files for it are refused
    /// before one is written. Default: the current location. From the pipeline it is taken by property, each input's
    /// own; of several files for one path only the first is received.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true,
        HelpMessage = "A folder for the files, or the path of one file. Default: the current location.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = DefaultDestination;

    /// <summary>Replaces files that exist.</summary>
    [Parameter(HelpMessage = "Replaces files that exist.")]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns only when the file and its name are on stable storage.</summary>
    [Parameter(HelpMessage = "Returns only when the file and its name are on stable storage (fsync).")]
    public SwitchParameter Durable { get; set; }

    /// <summary>Writes zeros too, and sets room aside for all of each file before its first chunk.</summary>
    [Parameter(HelpMessage = "Writes zeros too, in place of holes, and sets room aside for all of each file first.")]
    public SwitchParameter NoSparse { get; set; }

    /// <summary>An earlier version of each file that is kept, in place of the one it is at.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    public long? Version { get; set; }

    /// <summary>Fetches all of each file again, and ignores what an interrupted receive has left.</summary>
    [Parameter(HelpMessage = "Fetches all of each file again, and ignores what an interrupted receive has left.")]
    public SwitchParameter Restart { get; set; }

    /// <summary>How many bytes a second are received at most, over all files.</summary>
    [Parameter(HelpMessage = "How many bytes a second are received at most, for example 10MB.")]
    [ValidateRange(1, long.MaxValue)]
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
    public SecureString? DecryptionPassword { get; set; }

    /// <inheritdoc/>
    private protected override bool OpensContents => true;

    /// <inheritdoc/>
    private protected override string Activity => "Receiving";

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() =>
        base.CreateOptions() with { BytesPerSecond = BandwidthLimit };

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
        KeyRing? ring = await new KeyParameters { ResolvePath = ResolveNewAsync, Password = DecryptionPassword }
            .ReadKeysAsync(EncryptionKey, DecryptionCertificate, cancellationToken).ConfigureAwait(false);
        options = new ReceiveOptions
        {
            Force = Force,
            Durable = Durable,
            Restart = Restart,
            IsSparse = !NoSparse,
            Keys = ring
        };
        isDestinationFixed = IsFixed(nameof(Destination));
        sole.IsForCommand = isDestinationFixed;
        if (isDestinationFixed)
        {
            await FindDestinationAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    private protected override async Task TakeInputAsync(CancellationToken cancellationToken)
    {
        if (await FindDestinationAsync().ConfigureAwait(false) is not { } destination)
        {
            return;
        }

        taking = destination;
        await base.TakeInputAsync(cancellationToken).ConfigureAwait(false);
        await TakeSoleAsync(isInputOver: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override Task TakeRestAsync(CancellationToken cancellationToken) =>
        TakeSoleAsync(isInputOver: true, cancellationToken);

    /// <summary>The destination of this input; null if it cannot be resolved, which is written as an error.</summary>
    private async Task<ReceiveDestination?> FindDestinationAsync()
    {
        bool isOwn = !isDestinationFixed && Destination != DefaultDestination;
        if (!isOwn)
        {
            return common ??= Open(await ResolveNewAsync(Destination).ConfigureAwait(false));
        }

        IReadOnlyList<string> paths = await ResolveAsync(Destination, PathKind.New).ConfigureAwait(false);
        return paths.Count == 0 ? null : Open(paths[0]);
    }

    private ReceiveDestination Open(string path)
    {
        string key = Path.TrimEndingDirectorySeparator(path);
        if (!destinations.TryGetValue(key, out ReceiveDestination? destination))
        {
            destination = new ReceiveDestination(path, Destination, beside: destinations.Values.FirstOrDefault());
            destinations.Add(key, destination);
        }

        return destination;
    }

    /// <inheritdoc/>
    private protected override Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        if (taking!.IsFolder)
        {
            return TakeAsync(file, taking, cancellationToken);
        }

        sole.Add(file);
        return Task.CompletedTask;
    }

    private Task TakeSoleAsync(bool isInputOver, CancellationToken cancellationToken) => sole.ReleaseAsync(
        isInputOver, WriteErrorAsync, file => TakeAsync(file, taking!, cancellationToken));

    private async Task TakeAsync(StoredFile found, ReceiveDestination destination, CancellationToken cancellationToken)
    {
        StoredFile file;
        try
        {
            file = Version is long version ? found.AtVersion(version) : found;
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, found.Name)).ConfigureAwait(false);
            return;
        }

        string path;
        try
        {
            path = destination.Locate(file.Name);
            string action = $"Receive '{file.Name}', {ByteSize.ToText(file.Record.ContentLength)}";
            if (!await ShouldProcessAsync(path, action).ConfigureAwait(false))
            {
                return;
            }

            destination.Claim(path, file.Name);
        }
        catch (DfssException exception)
        {
            await WriteErrorAsync(ErrorRecords.Create(exception, file.Name)).ConfigureAwait(false);
            return;
        }

        var work = new FileWork(
            file.Name, file.Name, file.Record.ContentLength, (progress, token) =>
                ReceiveAsync(file, path, destination, progress, token))
        {
            StoredName = file.Record.Name,
        };
        await Files.EnqueueAsync(work, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Action> ReceiveAsync(
        StoredFile file, string path, ReceiveDestination destination, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        destination.MakeFolder(path);
        await Client.ReceiveAsync(file, path, options, progress, cancellationToken).ConfigureAwait(false);
        Files.SayDone($"Received '{path}' from", file, started);
        return () => WriteReceived(path);
    }

    private void WriteReceived(string path)
    {
        Collection<PSObject> items;
        try
        {
            items = InvokeProvider.Item.Get(
                [$"Microsoft.PowerShell.Core\\FileSystem::{path}"], force: true, literalPath: true);
        }
        catch (ItemNotFoundException exception)
        {
            // A result waits for those before it, and a downstream command may have removed this file meanwhile.
            WriteError(ErrorRecords.Create(
                "PathNotFound", ErrorCategory.ObjectNotFound, path,
                $"'{path}' was received, and was removed before its result was written.",
                "Receive it again if it was not meant to be removed.", exception));
            return;
        }

        WriteObject(items, enumerateCollection: true);
    }
}
