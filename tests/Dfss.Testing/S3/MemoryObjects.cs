using System.Security.Cryptography;
using System.Text;
using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>An engine in memory that keeps what <see cref="IObjectStore"/> says.</summary>
internal sealed class MemoryObjects : IObjectStore
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, Stored> objects =
        new(Comparer<string>.Create(CompareBytes));

    /// <summary>Whether creates are neither carried out nor answered.</summary>
    public bool IsUndecided { get; set; }

    /// <summary>Whether each create comes twice, as from a proxy, and the answer is that of the second one.</summary>
    public bool RepeatsCreates { get; set; }

    /// <summary>Whether each create is answered that the object is there, whether it is or not.</summary>
    public bool SaysExists { get; set; }

    /// <summary>How many creates have come.</summary>
    public int Creates { get; private set; }

    /// <summary>The bytes of all objects.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
            {
                return objects.Values.Sum(stored => (long)stored.Content.Length);
            }
        }
    }

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
                !SaysExists && objects.TryAdd(key, Stored.Of(content)) && !RepeatsCreates
                    ? CreateOutcome.Created
                    : CreateOutcome.Exists);
        }
    }

    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            objects[key] = Stored.Of(content);
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
                objects.TryGetValue(key, out Stored? stored) ? stored.Content : (ReadOnlyMemory<byte>?)null);
        }
    }

    public ValueTask<bool> CopyAsync(string source, string destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (gate)
        {
            bool isThere = objects.TryGetValue(source, out Stored? stored);
            if (isThere)
            {
                objects[destination] = Stored.Of(stored!.Content);
            }

            return ValueTask.FromResult(isThere);
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

    /// <summary>The MD5 of what was written under a key, as engines tell it.</summary>
    public string? FindTag(string key)
    {
        lock (gate)
        {
            return objects.TryGetValue(key, out Stored? stored) ? stored.Tag : null;
        }
    }

    /// <summary>Changes a byte of an object without the engine's knowledge: its tag stays.</summary>
    public void Rot(string key)
    {
        lock (gate)
        {
            objects[key].Content[0] ^= 1;
        }
    }

    private static int CompareBytes(string? left, string? right) =>
        Encoding.UTF8.GetBytes(left!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(right!));

    private sealed record Stored(byte[] Content, DateTimeOffset Modified, string Tag)
    {
        // An engine's tags are MD5.
#pragma warning disable CA5351
        public static Stored Of(ReadOnlyMemory<byte> content) => new(
            content.ToArray(), TimeProvider.System.GetUtcNow(), Convert.ToHexStringLower(MD5.HashData(content.Span)));
#pragma warning restore CA5351
    }
}
