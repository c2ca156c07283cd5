using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>What is broken on purpose, to see that the checks would notice.</summary>
public enum BucketMutation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A writer does not look for a trim marker after it has created a state.</summary>
    NoCheckAfterCreate,

    /// <summary>A reader does not look for a trim marker.</summary>
    NoCheckAfterRead,

    /// <summary>A reader looks for a trim marker before it reads the state, and not after.</summary>
    CheckBeforeRead,

    /// <summary>Old states are deleted without a trim marker.</summary>
    NoTrimMarker,

    /// <summary>The collector deletes what it condemned, and does not read the registers again.</summary>
    NoSpareCheck,

    /// <summary>A seal looks at the list of condemned keys before it is stored, and not after.</summary>
    ListBeforeSeal,

    /// <summary>The collector deletes all incarnations of a condemned chunk.</summary>
    DeletesById,

    /// <summary>A chunk that is put again gets the key that it had.</summary>
    SameIncarnation,

    /// <summary>The round ends before all its keys are deleted.</summary>
    EndsEarly,

    /// <summary>A seal relies on what the peer has put or found in an earlier state of the collection.</summary>
    SeenForGood,

    /// <summary>A read is answered with the state that the peer has read or written last.</summary>
    ReadsKnownStates,
}

/// <summary>An engine's client that breaks one rule of the code above it.</summary>
internal sealed class MutatedObjects(IObjectStore inner, BucketMutation mutation) : IObjectStore
{
    private readonly HashSet<string> created = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<ObjectEntry>> seen = new(StringComparer.Ordinal);
    private ReadOnlyMemory<byte>? list;

    public ValueTask<CreateOutcome> CreateAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!ObjectKeys.IsState(key))
        {
            return mutation == BucketMutation.NoTrimMarker
                ? ValueTask.FromResult(CreateOutcome.Created)
                : inner.CreateAsync(key, content, cancellationToken);
        }

        created.Add(ChainOf(key));
        return inner.CreateAsync(key, content, cancellationToken);
    }

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (mutation == BucketMutation.NoSpareCheck && key.StartsWith(ObjectKeys.Lists, StringComparison.Ordinal))
        {
            content = list ?? content;
        }

        list = null;
        return inner.PutAsync(key, content, cancellationToken);
    }

    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken)
    {
        if (mutation == BucketMutation.CheckBeforeRead && key.Contains("!n", StringComparison.Ordinal))
        {
            string markers = ObjectKeys.Markers(ChainOf(key));
            seen[markers] =
                await inner.ListAsync(markers, after: null, limit: 1, cancellationToken).ConfigureAwait(false);
        }

        ReadOnlyMemory<byte>? content = await inner.GetAsync(key, cancellationToken).ConfigureAwait(false);
        list = key.StartsWith(ObjectKeys.Lists, StringComparison.Ordinal) ? content : list;
        return content;
    }

    public ValueTask<bool> CopyAsync(string source, string destination, CancellationToken cancellationToken) =>
        inner.CopyAsync(source, destination, cancellationToken);

    public ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        if (prefix.EndsWith("!n", StringComparison.Ordinal))
        {
            created.Remove(prefix[..^2]);
        }
        else if (prefix.EndsWith("!t", StringComparison.Ordinal))
        {
            bool isCreate = created.Remove(prefix[..^2]);
            if (mutation == (isCreate ? BucketMutation.NoCheckAfterCreate : BucketMutation.NoCheckAfterRead))
            {
                return ValueTask.FromResult<IReadOnlyList<ObjectEntry>>([]);
            }

            if (!isCreate && seen.Remove(prefix, out IReadOnlyList<ObjectEntry>? before))
            {
                return ValueTask.FromResult(before);
            }
        }

        return inner.ListAsync(prefix, after, limit, cancellationToken);
    }

    public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken)
    {
        list = null;
        if (!key.StartsWith(ObjectKeys.Chunks, StringComparison.Ordinal))
        {
            await inner.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }
        else if (mutation == BucketMutation.EndsEarly)
        {
            _ = inner.DeleteAsync(key, cancellationToken).AsTask();
        }
        else if (mutation == BucketMutation.DeletesById)
        {
            string prefix = ObjectKeys.IncarnationsOf(ObjectKeys.ChunkOf(key)!.Value);
            foreach (ObjectEntry entry in await inner.ListAsync(prefix, after: null, limit: 1000, cancellationToken)
                .ConfigureAwait(false))
            {
                await inner.DeleteAsync(entry.Key, cancellationToken).ConfigureAwait(false);
            }
        }
        else
        {
            await inner.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string ChainOf(string key) => key[..key.LastIndexOf('!')];
}

/// <summary>A seal that does not look again once it is stored.</summary>
internal sealed class EarlySealCheck(ISealCheck inner) : ISealCheck
{
    public async ValueTask<ISealLook> BeginAsync(CancellationToken cancellationToken) =>
        new Look(await inner.BeginAsync(cancellationToken).ConfigureAwait(false));

    private sealed class Look(ISealLook inner) : ISealLook
    {
        public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public ValueTask<MissingChunks?> FindMissingAsync(SealRequest request, CancellationToken cancellationToken) =>
            inner.FindMissingAsync(request, cancellationToken);

        public ValueTask<bool> HoldsAsync(CancellationToken cancellationToken) => ValueTask.FromResult(true);

        public void Dispose() => inner.Dispose();
    }
}
