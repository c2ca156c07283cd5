using System.Text;
using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>An engine in memory that keeps what <see cref="IObjectStore"/> says.</summary>
internal sealed class MemoryObjects : IObjectStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, (byte[] Content, DateTimeOffset Modified)> objects =
        new(Comparer<string>.Create(CompareBytes));

    /// <summary>Whether creates are neither carried out nor answered.</summary>
    public bool IsUndecided { get; set; }

    /// <summary>How many creates have come.</summary>
    public int Creates { get; private set; }

    public ValueTask<CreateOutcome> CreateAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            Creates++;
            if (IsUndecided)
            {
                return ValueTask.FromResult(CreateOutcome.Unknown);
            }

            return ValueTask.FromResult(
                objects.TryAdd(key, (content.ToArray(), TimeProvider.System.GetUtcNow()))
                    ? CreateOutcome.Created
                    : CreateOutcome.Exists);
        }
    }

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            objects[key] = (content.ToArray(), TimeProvider.System.GetUtcNow());
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            // Without its type, null would be an empty content.
            return ValueTask.FromResult(
                objects.TryGetValue(key, out var stored) ? stored.Content : (ReadOnlyMemory<byte>?)null);
        }
    }

    public ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            return ValueTask.FromResult<IReadOnlyList<ObjectEntry>>(
            [
                .. objects.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)
                        && (after is null || CompareBytes(pair.Key, after) > 0))
                    .Take(limit)
                    .Select(pair => new ObjectEntry(pair.Key, pair.Value.Content.Length, pair.Value.Modified)),
            ]);
        }
    }

    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            objects.Remove(key);
        }

        return ValueTask.CompletedTask;
    }

    private static int CompareBytes(string? left, string? right) =>
        Encoding.UTF8.GetBytes(left!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right!));
}
