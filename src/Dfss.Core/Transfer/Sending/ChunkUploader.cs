using System.Globalization;
using Dfss.Hashing;
using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// Puts the chunks of one source onto the members of a home: asks which of the chunks known from an earlier send they
/// have; reads and hashes the rest, asks which are missing, and sends those. A member that is full or does not answer
/// is left out, and its chunks go to the next member of the ring.
/// </summary>
internal sealed partial class ChunkUploader
{
    /// <summary>
    /// 4 KiB: up to this size a put, whose answer shows whether the chunk was there, costs no more than asking first.
    /// </summary>
    private const int PutUnaskedBytes = 4 << 10;

    private readonly ISendSource source;
    private readonly Home home;
    private readonly SendPlan plan;
    private readonly SendShortfall shortfall;
    private readonly SendJournal? journal;
    private readonly MemberAttempts attempts;
    private readonly int knownCount;
    private readonly int chunkSize;
    private readonly SendCipher? cipher;
    private readonly ChunkBuffers buffers;
    private readonly TransferPace pace;
    private readonly TransferOptions options;

    private ChunkId?[] ids;

    /// <summary>The length of the source in bytes; of a stream as far as it was read.</summary>
    private long length;

    /// <param name="source">What is sent.</param>
    /// <param name="shortfall">The members that get it.</param>
    /// <param name="chunkSize">The length in bytes of the content of every chunk but the last.</param>
    /// <param name="journal">The journal with the chunks of an earlier send; null for none.</param>
    /// <param name="cipher">Encrypts the chunks; null where they go as they are.</param>
    /// <param name="buffers">Memory for the chunks.</param>
    /// <param name="pace">How fast it may go.</param>
    /// <param name="options">How to transfer.</param>
    public ChunkUploader(
        ISendSource source,
        SendShortfall shortfall,
        int chunkSize,
        SendJournal? journal,
        SendCipher? cipher,
        ChunkBuffers buffers,
        TransferPace pace,
        TransferOptions options)
    {
        this.source = source;
        this.shortfall = shortfall;
        home = shortfall.Home;
        plan = shortfall.Plan;
        this.chunkSize = chunkSize;
        this.journal = journal;
        this.cipher = cipher;
        this.buffers = buffers;
        this.pace = pace;
        this.options = options;
        attempts = new MemberAttempts(home, plan);
        length = source.KnownLength ?? 0;
        ids = source is StoredSource { Manifest: var manifest }
            ? [.. Enumerable.Range(0, manifest.ChunkCount).Select(index => (ChunkId?)manifest[index])]
            : journal is null
                ? new ChunkId?[FileManifest.CountChunks(length, chunkSize)]
                : [.. journal.KnownIds];
        knownCount = journal is null ? 0 : ids.Count(id => id is not null);
    }

    /// <summary>
    /// Whether the members have been asked to seal: from then on the register decides whether a majority is left.
    /// </summary>
    public bool IsSealing { get; set; }

    /// <summary>Uploads the whole source and returns its manifest.</summary>
    /// <exception cref="DfssException">
    /// NoMajority: so many members were lost that the rest cannot decide; or as in
    /// <see cref="SendShortfall.ThrowIfBelowMinimum"/>. SourceChanged: it differs from the journal or from what was
    /// read before.
    /// </exception>
    public async Task<FileManifest> UploadAsync(
        IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        if (source is SourceStream stream)
        {
            return await UploadStreamAsync(stream, progress, cancellationToken).ConfigureAwait(false);
        }

        if (source is StoredSource stored)
        {
            return await UploadStoredAsync(stored, progress, cancellationToken).ConfigureAwait(false);
        }

        if (knownCount > 0)
        {
            await CompareAsync(progress, cancellationToken).ConfigureAwait(false);
        }

        int[] rest = [
            .. Enumerable.Range(0, ids.Length).Where(index => ids[index] is null || plan.NextTargets(index).Count > 0)];
        long done = length - rest.Sum(index => (long)LengthOf(index));
        if (knownCount > 0)
        {
            progress?.Report(new(TransferPhase.Transferring, done, length));
            options.Verbose?.Invoke(string.Create(
                CultureInfo.InvariantCulture,
                $"'{source.Path}' resumes: of its {ids.Length} chunks {knownCount} are known from before, "
                    + $"and {rest.Length} are read."));
        }

        await ForEachAsync(rest, async (index, chunk, token) =>
        {
            await (cipher is null
                ? TakeAsync(index, chunk, token)
                : EncryptAsync(index, chunk, token)).ConfigureAwait(false);
            progress?.Report(
                new(TransferPhase.Transferring, Interlocked.Add(ref done, LengthOf(index)), length));
        }, cancellationToken).ConfigureAwait(false);
        LocalFile.ThrowIfChanged();
        return CreateManifest();
    }

    /// <summary>
    /// Uploads again what a member has lost meanwhile, and the manifest to every member that takes chunks.
    /// </summary>
    /// <exception cref="DfssException">As in <see cref="SendShortfall.ThrowIfBelowMinimum"/>.</exception>
    public async Task CompleteAsync(FileManifest manifest, CancellationToken cancellationToken)
    {
        do
        {
            int[] unplaced = [.. plan.Unplaced()];
            await (source is StoredSource stored
                ? PlaceStoredAsync(stored, unplaced, onPlaced: null, cancellationToken)
                : ForEachAsync(
                    unplaced,
                    source is SourceStream ? FetchAgainAsync : cipher is null ? TakeAsync : PlaceAgainAsync,
                    cancellationToken)).ConfigureAwait(false);
            await Task.WhenAll(Enumerable.Range(0, home.Count)
                .Where(plan.CanTake)
                .Select(
                    member => pace.RunAsync(
                        token => TryPutAsync(member, manifest.FileId.ToChunkId(), manifest.Encoded, token),
                        cancellationToken))).ConfigureAwait(false);
            shortfall.ThrowIfBelowMinimum();
        }
        while (plan.Unplaced().Any());
        IsSealing = true;
    }

    private async Task CompareAsync(IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        Report(0);
        await new KnownChunks(plan, home.Count, attempts).CompareAsync(
            ids, Report, cancellationToken).ConfigureAwait(false);
        ThrowIfUndecidable();

        void Report(int percent) => progress?.Report(
            new(TransferPhase.Comparing, 0, length) { PhasePercent = percent });
    }

    /// <summary>Reads a chunk, computes or checks its id, and puts its copies.</summary>
    private async Task TakeAsync(int index, Memory<byte> content, CancellationToken cancellationToken)
    {
        await LocalFile.ReadAsync(OffsetOf(index), content, cancellationToken).ConfigureAwait(false);
        ChunkId id = await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false);
        if (ids[index] is null)
        {
            ids[index] = id;
            journal?.Append(index, id);
        }
        else if (ids[index] != id)
        {
            throw LocalFile.Changed();
        }

        await PlaceAsync(index, id, content, cancellationToken).ConfigureAwait(false);
    }

    private SourceFile LocalFile => (SourceFile)source;

    /// <summary>The bytes of a stored chunk beside its content.</summary>
    private int Overhead => cipher is null ? 0 : KeyEnvelope.ChunkOverheadBytes;

    private FileManifest CreateManifest()
    {
        ChunkId[] all = [.. ids.Select(id => id!.Value)];
        return cipher is null
            ? FileManifest.Create(length, chunkSize, all)
            : cipher.CreateManifest(length, all);
    }

    private long OffsetOf(int index) => (long)index * chunkSize;

    private int LengthOf(int index) => (int)Math.Min(chunkSize, length - OffsetOf(index));

    /// <summary>Does something for some chunks, several at once, each with memory for the stored chunk.</summary>
    private async Task ForEachAsync(
        int[] indexes, Func<int, Memory<byte>, CancellationToken, Task> body,
        CancellationToken cancellationToken)
    {
        if (indexes.Length > 1)
        {
            await Parallel.ForEachAsync(indexes, Throttle(cancellationToken), RunAsync).ConfigureAwait(false);
        }
        else if (indexes.Length == 1)
        {
            // As most small files are: on this thread.
            await RunAsync(indexes[0], cancellationToken).ConfigureAwait(false);
        }

        async ValueTask RunAsync(int index, CancellationToken stop) => await pace.RunAsync(
            async token =>
            {
                using ChunkBuffer buffer = await buffers.RentAsync(
                    LengthOf(index) + Overhead, token).ConfigureAwait(false);
                await body(index, buffer.Memory, token).ConfigureAwait(false);
            },
            stop).ConfigureAwait(false);
    }

    private ParallelOptions Throttle(CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = options.ThrottleLimit, CancellationToken = cancellationToken };

    private async Task PlaceAsync(
        int index, ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (IReadOnlyList<int> targets = plan.NextTargets(index); targets.Count > 0; targets = plan.NextTargets(index))
        {
            ThrowIfUndecidable();
            await Task.WhenAll(targets.Select(
                member => TryPlaceAsync(member, index, id, content, cancellationToken))).ConfigureAwait(false);
        }

        ThrowIfUndecidable();
    }

    private async Task TryPlaceAsync(
        int member, int index, ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (await TryPutAsync(member, id, content, cancellationToken).ConfigureAwait(false))
        {
            MarkHeld(member, index, id);
        }
    }

    /// <summary>Fails where what is uploaded could never become a file: no majority is left, or too few for the
    /// copies.</summary>
    private void ThrowIfUndecidable()
    {
        if (!IsSealing)
        {
            shortfall.ThrowIfUndecidable();
        }

        shortfall.ThrowIfBelowMinimum();
    }

    /// <summary>Puts one chunk at one member; where that fails, the member is left out from now on.</summary>
    private Task<bool> TryPutAsync(
        int member, ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        return attempts.TryAsync(
            member,
            async (peer, token) =>
            {
                if (IsAskedFirst(peer, content.Length))
                {
                    bool isMissing = (await peer.Chunks.FindMissingAsync([id], token).ConfigureAwait(false))[0];
                    peer.Inquiry.Note(isMissing);
                    if (!isMissing)
                    {
                        return;
                    }
                }

                await pace.WaitAsync(content.Length, token).ConfigureAwait(false);
                Sent.Send(content.Length);
                if (await peer.Chunks.PutAsync(id, content, token).ConfigureAwait(false) == PutResult.AlreadyPresent)
                {
                    peer.Inquiry.Note(wasMissing: false);
                }
                else
                {
                    Sent.Add();
                }
            },
            cancellationToken);
    }
}
