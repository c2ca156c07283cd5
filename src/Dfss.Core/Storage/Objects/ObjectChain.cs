namespace Dfss.Storage;

/// <summary>The newest state of a chain.</summary>
/// <param name="Number">From 1; 0 if nothing was ever written.</param>
/// <param name="Content">The state; empty if nothing was ever written, or if the reader has it.</param>
internal readonly record struct ChainHead(long Number, ReadOnlyMemory<byte> Content);

/// <summary>
/// A value that many peers read and compare-and-swap, kept in objects that can only be created, listed and deleted: a
/// chain of numbered states, of which the highest counts. Linearizable, without clocks.
/// </summary>
/// <remarks>
/// A state that was deleted can come back: a writer that slept since it read its predecessor, or a request that is
/// carried out late, creates it a second time. So a state is deleted only when a trim marker of a higher number is
/// there, and a marker is never deleted. A state is *genuine* if no marker above it existed when it was read or
/// created: then its key had never been deleted before, so its creation was the first, and its content is the only one
/// that this number ever had. Every operation ends with a look for such a marker. docs/decisions/0009 has the argument.
/// </remarks>
internal sealed class ObjectChain(IObjectStore objects, string chain)
{
    private const int OperationIdBytes = 16;
    private const int PageSize = 1000;

    /// <summary>
    /// Whether an object of a chain is a state that may be deleted once later ones are there. The first state stays for
    /// good: a listing of many chains shows each that there was when it began, even if all other objects of the chain
    /// are replaced meanwhile.
    /// </summary>
    public static bool MayBeTrimmed(ObjectEntry entry) =>
        ObjectKeys.IsState(entry.Key) && ObjectKeys.NumberOf(entry.Key) > 1;

    /// <summary>Reads the newest state: it was the newest at some moment of this call.</summary>
    /// <param name="known">The number of a state of which the caller has the content, read or appended before: if it
    /// is the newest one, its content is not read again. A number has one genuine state.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer, or the newest state is gone,
    /// which no peer deletes.</exception>
    public async ValueTask<ChainHead> ReadAsync(long known, CancellationToken cancellationToken)
    {
        (string? Highest, long Marker) last = (null, 0);
        while (true)
        {
            // The order matters: the highest number, its content, and then the markers.
            ObjectEntry? highest = await FirstAsync(ObjectKeys.States(chain), cancellationToken).ConfigureAwait(false);
            bool isKnown = highest is not null && ObjectKeys.NumberOf(highest.Value.Key) == known;
            ReadOnlyMemory<byte>? content = highest is null || isKnown
                ? null
                : await objects.GetAsync(highest.Value.Key, cancellationToken).ConfigureAwait(false);
            long marker = await FindMarkerAsync(cancellationToken).ConfigureAwait(false);
            if (highest is null && marker == 0)
            {
                return default;
            }

            // Otherwise others have gone on meanwhile.
            if (isKnown && known >= marker)
            {
                return new ChainHead(known, default);
            }

            if (highest is not null && content is { } state && ObjectKeys.NumberOf(highest.Value.Key) is var number
                && number >= marker)
            {
                return new ChainHead(number, state[OperationIdBytes..]);
            }

            // The state of the marker, or one above a later marker, is there: so the next look shows something else.
            if ((highest?.Key, marker) == last)
            {
                throw new DfssException(
                    DfssErrorCode.StoreFailed,
                    $"The newest state of '{chain}' is gone from the store: the object '"
                        + $"{ObjectKeys.State(chain, marker)}', or a later one.",
                    "Restore it if it was deleted by hand or by a lifecycle rule of the bucket.");
            }

            last = (highest?.Key, marker);
        }
    }

    /// <summary>Reads a state; null if it is gone. It is genuine only if no later marker is there afterwards.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadStateAsync(long number, CancellationToken cancellationToken) =>
        await objects.GetAsync(ObjectKeys.State(chain, number), cancellationToken).ConfigureAwait(false)
            is { } state
            ? state[OperationIdBytes..]
            : (ReadOnlyMemory<byte>?)null;

    /// <summary>
    /// Appends a state to the one that was read as number <paramref name="number"/>. True: it is the next one. False:
    /// it is not, or later ones have been written since; read again.
    /// </summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: the outcome is unknown; the state may
    /// be appended at any later time, as long as no other one is.</exception>
    public async ValueTask<bool> TryAppendAsync(
        long number, ReadOnlyMemory<byte> state, Guid operation, CancellationToken cancellationToken)
    {
        byte[] content = [.. operation.ToByteArray(), .. state.Span];
        string key = ObjectKeys.State(chain, number + 1);
        CreateOutcome outcome = await objects.CreateAsync(key, content, cancellationToken).ConfigureAwait(false);
        if (outcome != CreateOutcome.Created)
        {
            // It may be this one's own success, with its answer lost.
            ReadOnlyMemory<byte>? found = await objects.GetAsync(key, cancellationToken).ConfigureAwait(false);
            if (found is null && outcome == CreateOutcome.Exists
                && await FindMarkerAsync(cancellationToken).ConfigureAwait(false) <= number + 1)
            {
                // Only what is below a marker is deleted. To try again would be to ask the same for good.
                throw new DfssException(
                    DfssErrorCode.StoreFailed,
                    $"The engine says that the object '{key}' exists, and then that it does not.",
                    "Check whether something deletes objects in this bucket, such as a lifecycle rule.");
            }

            if (found is null || !found.Value.Span.SequenceEqual(content))
            {
                return false;
            }
        }

        if (await FindMarkerAsync(cancellationToken).ConfigureAwait(false) <= number + 1)
        {
            return true;
        }

        // This number was used before and deleted, or other states follow it by now. Either way it is void.
        if (number > 0)
        {
            await objects.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>
    /// Deletes the states below the newest one, if there are more than <paramref name="kept"/>; does nothing where the
    /// engine does not say that the marker is there.
    /// </summary>
    public async ValueTask TrimAsync(int kept, CancellationToken cancellationToken)
    {
        ChainHead head = await ReadAsync(known: 0, cancellationToken).ConfigureAwait(false);
        string key = ObjectKeys.State(chain, head.Number);
        IReadOnlyList<ObjectEntry> old = await ListOldAsync(key, cancellationToken).ConfigureAwait(false);
        if (old.Count(MayBeTrimmed) <= kept)
        {
            return;
        }

        // Created and not put: a key that is written again may be missing from a listing at that moment.
        string marker = ObjectKeys.Marker(chain, head.Number);
        if (await objects.CreateAsync(marker, default, cancellationToken).ConfigureAwait(false)
            == CreateOutcome.Unknown)
        {
            return;
        }

        while (old.Count > 0)
        {
            foreach (ObjectEntry entry in old.Where(MayBeTrimmed))
            {
                await objects.DeleteAsync(entry.Key, cancellationToken).ConfigureAwait(false);
            }

            old = await ListOldAsync(old[^1].Key, cancellationToken).ConfigureAwait(false);
        }
    }

    private ValueTask<IReadOnlyList<ObjectEntry>> ListOldAsync(string after, CancellationToken cancellationToken) =>
        objects.ListAsync(ObjectKeys.States(chain), after, PageSize, cancellationToken);

    /// <summary>The number of the highest trim marker; 0 for none.</summary>
    private async ValueTask<long> FindMarkerAsync(CancellationToken cancellationToken) =>
        await FirstAsync(ObjectKeys.Markers(chain), cancellationToken).ConfigureAwait(false) is { } marker
            ? ObjectKeys.NumberOf(marker.Key)
            : 0;

    private async ValueTask<ObjectEntry?> FirstAsync(string prefix, CancellationToken cancellationToken)
    {
        IReadOnlyList<ObjectEntry> found =
            await objects.ListAsync(prefix, after: null, limit: 1, cancellationToken).ConfigureAwait(false);
        return found.Count > 0 ? found[0] : null;
    }
}
