using System.Collections.Frozen;
using System.Text;

namespace Dfss.Storage;

/// <summary>How far a collection of garbage is.</summary>
internal enum CollectionPhase
{
    /// <summary>None is under way.</summary>
    Idle,

    /// <summary>A list of keys is published that are to be deleted, unless a register needs them.</summary>
    Condemned,

    /// <summary>The list of keys that are deleted now.</summary>
    Deleting,
}

/// <summary>The state of garbage collection, one for all peers of a store.</summary>
/// <param name="Number">Rises with every change of the state.</param>
/// <param name="Phase">How far the collection is.</param>
/// <param name="ListKey">The object with the condemned keys; empty in <see cref="CollectionPhase.Idle"/>.</param>
/// <param name="Condemned">The condemned keys: none of them counts as present.</param>
internal sealed record CollectionState(
    long Number, CollectionPhase Phase, string ListKey, IReadOnlySet<string> Condemned);

/// <summary>
/// Keeps the state of garbage collection in a chain, and the lists of condemned keys in objects of their own, whose
/// keys are random and are written at most once for the state that names them.
/// </summary>
internal sealed class CollectionCell(IObjectStore objects, Func<Guid> newId)
{
    private static readonly CollectionState Nothing =
        new(0, CollectionPhase.Idle, string.Empty, FrozenSet<string>.Empty);

    private readonly ObjectChain chain = new(objects, ObjectKeys.Collection);
    private readonly Lock gate = new();
    private CollectionState? last;

    /// <summary>The number of the state now.</summary>
    public async ValueTask<long> ReadNumberAsync(CancellationToken cancellationToken) =>
        (await chain.ReadAsync(last?.Number ?? 0, cancellationToken).ConfigureAwait(false)).Number;

    /// <summary>
    /// A state that was read before, by now perhaps not the last one; the state now where none was read. For looks that
    /// are repeated if the number is another one afterwards.
    /// </summary>
    public ValueTask<CollectionState> ReadEarlierAsync(CancellationToken cancellationToken) =>
        last is { } known ? new(known) : ReadAsync(cancellationToken);

    /// <summary>The state: it was that at some moment of this call.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: a list is gone that is in
    /// force.</exception>
    public async ValueTask<CollectionState> ReadAsync(CancellationToken cancellationToken)
    {
        long withoutList = -1;
        while (true)
        {
            CollectionState known = last ?? Nothing;
            ChainHead head = await chain.ReadAsync(known.Number, cancellationToken).ConfigureAwait(false);
            if (head.Number == known.Number)
            {
                return Keep(known);
            }

            (CollectionPhase phase, string key) = Decode(head.Content);
            FrozenSet<string>? condemned = phase == CollectionPhase.Idle
                ? []
                : await ReadListAsync(key, cancellationToken).ConfigureAwait(false);
            if (condemned is not null)
            {
                return Keep(new CollectionState(head.Number, phase, key, condemned));
            }

            if (head.Number == withoutList)
            {
                throw new DfssException(
                    DfssErrorCode.StoreFailed,
                    $"The object '{key}' is gone, which lists the chunks that a collection of garbage may delete.",
                    "Restore it if it was deleted by hand.");
            }

            // A collection that has ended deletes its lists; then the state has changed too.
            withoutList = head.Number;
        }
    }

    /// <summary>Goes on from a state. True: it is the next one now. False: it may not be; read again.</summary>
    public async ValueTask<bool> TryAdvanceAsync(
        CollectionState from, CollectionPhase phase, IReadOnlyCollection<string> condemned,
        CancellationToken cancellationToken)
    {
        string key = string.Empty;
        if (phase != CollectionPhase.Idle)
        {
            key = ObjectKeys.List(newId());
            byte[] list = Encoding.UTF8.GetBytes(string.Join('\n', condemned));
            await objects.PutAsync(key, list, cancellationToken).ConfigureAwait(false);
        }

        return await TryAppendAsync(from.Number, phase, key, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Gives the state another number, so that no peer relies on what it has seen under the last one: a chunk was or
    /// will be deleted that is on no list. On return the number is another one than at the call.
    /// </summary>
    public async ValueTask RenumberAsync(CancellationToken cancellationToken)
    {
        CollectionState first = await ReadAsync(cancellationToken).ConfigureAwait(false);
        CollectionState state = first;
        while (state.Number == first.Number && !await TryAppendAsync(
            state.Number, state.Phase, state.ListKey, cancellationToken).ConfigureAwait(false))
        {
            state = await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Deletes the old states.</summary>
    public ValueTask TrimAsync(int kept, CancellationToken cancellationToken) =>
        chain.TrimAsync(kept, cancellationToken);

    private ValueTask<bool> TryAppendAsync(
        long number, CollectionPhase phase, string listKey, CancellationToken cancellationToken) =>
        chain.TryAppendAsync(
            number, Encoding.UTF8.GetBytes($"{(int)phase}{listKey}"), newId(), cancellationToken);

    /// <summary>Keeps the later one of two states that were read at once.</summary>
    private CollectionState Keep(CollectionState state)
    {
        lock (gate)
        {
            last = last is { } other && other.Number > state.Number ? other : state;
        }

        return state;
    }

    private static (CollectionPhase Phase, string ListKey) Decode(ReadOnlyMemory<byte> state)
    {
        if (state.IsEmpty)
        {
            return (CollectionPhase.Idle, string.Empty);
        }

        string text = Encoding.UTF8.GetString(state.Span);
        return ((CollectionPhase)(text[0] - '0'), text[1..]);
    }

    private async ValueTask<FrozenSet<string>?> ReadListAsync(string key, CancellationToken cancellationToken)
    {
        if (await objects.GetAsync(key, cancellationToken).ConfigureAwait(false) is not { } list)
        {
            return null;
        }

        return list.IsEmpty ? [] : Encoding.UTF8.GetString(list.Span).Split('\n').ToFrozenSet(StringComparer.Ordinal);
    }
}
