using System.Globalization;
using Dfss.Encryption;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Sends one file: finds its home, prepares its name, puts its chunks, and has the members seal, accept and
/// decide its record.</summary>
internal sealed partial class FileSender(
    HomeFinder finder,
    PeerDirectory directory,
    ChunkBuffers buffers,
    SendJournals journals,
    TransferPace pace,
    TransferOptions options)
{
    /// <summary>Consecutive chunks go to different members: plain round-robin.</summary>
    private const int Run = 1;

    public async Task<StoredFile> SendAsync(
        string sourcePath, string name, SendOptions sendOptions, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string stored = FileName.NormalizeNew(name);
        using SourceFile source = SourceFile.Open(sourcePath);
        return await SendAsync(source, stored, sendOptions, progress, cancellationToken).ConfigureAwait(false);
    }

    public async Task<StoredFile> SendAsync(
        Stream stream, string name, SendOptions sendOptions, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string stored = FileName.NormalizeNew(name);
        SourceStream source = await SourceStream.OpenAsync(
            stream, name, needsLength: sendOptions.Recipients.Count > 0, options.TimeProvider,
            cancellationToken).ConfigureAwait(false);
        return await SendAsync(source, stored, sendOptions, progress, cancellationToken).ConfigureAwait(false);
    }

    private async Task<StoredFile> SendAsync(
        ISendSource source, string stored, SendOptions sendOptions, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        bool isEncrypted = sendOptions.Recipients.Count > 0;
        int overhead = isEncrypted ? KeyEnvelope.ChunkOverheadBytes : 0;
        int chunkSize = ChooseChunkSize(source, sendOptions.ChunkSize, overhead);
        progress?.Report(new(TransferPhase.Negotiating, 0, source.KnownLength ?? 0));
        RecordWriter writer = await PrepareAsync(stored, sendOptions, cancellationToken).ConfigureAwait(false);
        Home home = writer.Home;
        (int replicas, int minimum) = ChooseReplicas(stored, home.Count, sendOptions);
        SendPlan plan = new(
            new Placement(home.Count, replicas, Run),
            minimum,
            source.KnownLength is long known
                ? (int)FileManifest.CountChunks(known, chunkSize - overhead)
                : DfssLimits.MaxChunksPerFile,
            Enumerable.Range(0, home.Count).Select(member => home[member] is not null));
        SendShortfall shortfall = new(source.Path, home, plan, directory, options);
        shortfall.ThrowIfBelowMinimum();
        SendKey? sendKey = isEncrypted ? SendKey.Create(sendOptions.Recipients) : null;
        using SendJournal? journal = source is SourceFile file
            ? journals.TryOpen(file, chunkSize - overhead, sendOptions.Restart, sendKey)
            : null;
        FileKey? key = journal?.Key ?? sendKey?.Key;
        SendCipher? cipher = key is null ? null : new(key, plan.ChunkCount, chunkSize);
        ChunkUploader uploader = new(source, shortfall, chunkSize - overhead, journal, cipher, buffers, pace, options);
        FileRecord chosen;
        try
        {
            FileManifest manifest = await uploader.UploadAsync(progress, cancellationToken).ConfigureAwait(false);
            long length = manifest.Length - ((long)overhead * manifest.ChunkCount);
            progress?.Report(new(TransferPhase.Committing, length, length));
            KeyEnvelope? envelope = key is null ? null : EnvelopeContent.Create(key, manifest, sendOptions.Recipients);
            chosen = await writer.CommitAsync(
                current => Describe(current, stored, source, manifest, home, replicas, writer.WriterId) with
                {
                    Encryption = envelope,
                    Previous = EarlierVersions.Keep(current, manifest.FileId, envelope, sendOptions.KeepVersions),
                },
                [plan],
                async (_, token) =>
                {
                    await uploader.CompleteAsync(manifest, token).ConfigureAwait(false);
                    return plan.ToSealPlan(manifest);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.SourceChanged)
        {
            journal?.Forget();
            throw;
        }

        journal?.Forget();
        shortfall.WarnOfFewerCopies();
        return new StoredFile(chosen, IsCurrent: true) { PresentReplicas = plan.PossibleReplicas };
    }

    /// <summary>Finds the name's home, or makes it, and prepares the change there.</summary>
    private async Task<RecordWriter> PrepareAsync(
        string name, SendOptions sendOptions, CancellationToken cancellationToken)
    {
        WriteCondition condition = sendOptions.IfVersion is long version ? WriteCondition.ReplaceVersion(version)
            : sendOptions.Force ? WriteCondition.ReplaceAny
            : WriteCondition.CreateOnly;
        FoundHome found = await finder.FindAsync(name, cancellationToken).ConfigureAwait(false);
        Home home = found.Home ?? await finder.MakeAsync(name, cancellationToken).ConfigureAwait(false);
        Warn(name, found, home);

        // Another client may have created the name meanwhile, with other peers, or moved it.
        return await RecordWriter.BeginAsync(name, home, condition, options, cancellationToken).ConfigureAwait(false);
    }

    private void Warn(string name, FoundHome found, Home home)
    {
        string[] silent =
            [.. home.Members.Where(member => member.StoreId is null).Select(member => member.DisplayName)];
        if (found.Home is null && silent.Length > 0)
        {
            string who = string.Join(", ", silent);
            options.Warning?.Invoke(
                $"{who} cannot be reached: '{name}' is decided by the other {home.Count - silent.Length} of its "
                + $"{home.Count} peers, "
                + $"and {who} will store nothing of it.");
        }

        string[] others = [.. found.Listed
            .Where(peer => home.Members.All(member => member.StoreId != peer.StoreId))
            .Select(peer => peer.ToString())];
        if (others.Length > 0)
        {
            string where = home.Count == 1 ? "the peer that has it" : $"its own {home.Count} peers";
            string none = home.Count == 1 ? "not that one" : "none of them";
            options.Warning?.Invoke(
                $"'{name}' exists and stays on {where}; {string.Join(", ", others)} "
                    + $"{(others.Length == 1 ? "is" : "are")} {none}.");
        }
    }

    /// <summary>The copies to make of each chunk, and the fewest that are enough.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: more than there are
    /// members.</exception>
    private static (int Replicas, int Minimum) ChooseReplicas(string name, int memberCount, SendOptions asked)
    {
        int replicas = asked.Replicas ?? Math.Min(SendOptions.DefaultReplicas, memberCount);
        int minimum = asked.MinimumReplicas ?? Math.Min(SendOptions.DefaultReplicas, replicas);
        if (replicas > memberCount)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"{replicas} copies of '{name}' were asked for, and it has {memberCount} "
                    + $"{(memberCount == 1 ? "peer" : "peers")}.",
                "Ask for fewer (-Replicas), or name more peers when a name is first sent.");
        }

        return minimum <= replicas ? (replicas, minimum) : throw new DfssException(
            DfssErrorCode.InvalidArgument,
            $"'{name}' cannot have at least {minimum} copies where {replicas} {(replicas == 1 ? "is" : "are")} made.",
            "Give -Replicas too, or a lower -MinimumReplicas.");
    }

    /// <summary>The chunk size asked for, doubled until the manifest fits.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.FileTooLarge"/>.</exception>
    /// <param name="length">The file's length in bytes.</param>
    /// <param name="asked">The chunk size asked for, in bytes.</param>
    /// <param name="overhead">The bytes of each chunk beside the content.</param>
    internal static int ChooseChunkSize(long length, int asked, int overhead = 0)
    {
        int chunkSize = asked;
        while (FileManifest.CountChunks(length, chunkSize - overhead) > DfssLimits.MaxChunksPerFile
            && chunkSize < DfssLimits.MaxChunkSize)
        {
            chunkSize = Math.Min(chunkSize * 2, DfssLimits.MaxChunkSize);
        }

        return FileManifest.CountChunks(length, chunkSize - overhead) <= DfssLimits.MaxChunksPerFile ? chunkSize : 0;
    }

    private int ChooseChunkSize(ISendSource source, int asked, int overhead)
    {
        if (source.KnownLength is not long length)
        {
            return asked;
        }

        int chunkSize = ChooseChunkSize(length, asked, overhead);
        if (chunkSize == 0)
        {
            long largest = (long)DfssLimits.MaxChunksPerFile * (DfssLimits.MaxChunkSize - overhead);
            throw new DfssException(
                DfssErrorCode.FileTooLarge,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{source.Path}' has {length} bytes; {largest} are the most."),
                "Split it.");
        }

        if (chunkSize != asked)
        {
            options.Verbose?.Invoke(string.Create(
                CultureInfo.InvariantCulture,
                $"'{source.Path}' is sent in chunks of {chunkSize} bytes, so that its manifest fits."));
        }

        return chunkSize;
    }

    private static FileRecord Describe(
        FileRecord? current, string name, ISendSource source, FileManifest manifest, Home home, int replicas,
        Guid writerId) => new()
        {
            Name = name,
            Version = (current?.Version ?? 0) + 1,
            State = FileRecordState.File,
            FileId = manifest.FileId,
            Length = manifest.Length,
            ChunkSize = manifest.ChunkSize,
            Replicas = replicas,
            Run = Run,
            Home = home.Members,
            Modified = source.Modified,
            UnixMode = source.UnixMode,
            WriterId = writerId,
        };
}
