using Dfss.Records;
using Dfss.Storage;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>
/// What no peer knows but the schedule sees: the real state of each register (the first creation of its highest
/// number), and which chunks are there. Checks after each event that could lose one that every chunk of every record
/// is there.
/// </summary>
internal sealed class BucketWatch
{
    private const int OperationIdBytes = 16;

    private readonly Dictionary<string, long> numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RegisterState> states = new(StringComparer.Ordinal);
    private readonly Dictionary<ChunkId, HashSet<string>> incarnations = [];

    public BucketWatch(SimulatedEngine engine)
    {
        engine.OnCreated = OnCreated;
        engine.OnDeleted = OnDeleted;
    }

    /// <summary>The first thing that went wrong.</summary>
    public string? Violation { get; private set; }

    /// <summary>How many keys of chunks were deleted: a check that something happens.</summary>
    public int Deletions { get; private set; }

    /// <summary>How many states came back that had been deleted, or were overtaken.</summary>
    public int Revivals { get; private set; }

    /// <summary>What is kept that no register needs, or twice; null if nothing is.</summary>
    public string? FindExcess()
    {
        HashSet<ChunkId> needed =
            [.. states.Values.SelectMany(state => BucketFile.NeededBy(state, withSeals: true))
                .SelectMany(file => file.Objects)];
        KeyValuePair<ChunkId, HashSet<string>>[] excess =
            [.. incarnations.Where(one => one.Value.Count > (needed.Contains(one.Key) ? 1 : 0))];
        return excess.Length == 0 ? null : $"chunk {excess[0].Key} is kept {excess[0].Value.Count} times";
    }

    private void OnCreated(string key, ReadOnlyMemory<byte> content)
    {
        if (ObjectKeys.ChunkOf(key) is { } id)
        {
            if (!incarnations.TryGetValue(id, out HashSet<string>? keys))
            {
                incarnations.Add(id, keys = new(StringComparer.Ordinal));
            }

            keys.Add(key);
        }
        else if (key.StartsWith(ObjectKeys.Names, StringComparison.Ordinal) && ObjectKeys.IsState(key))
        {
            string name = ObjectKeys.NameOf(key);
            long number = ObjectKeys.NumberOf(key);
            if (number <= numbers.GetValueOrDefault(name))
            {
                Revivals++;
                return;
            }

            numbers[name] = number;
            states[name] = RecordCodec.DecodeState(content[OperationIdBytes..]);
            Check(name, "a change");
        }
    }

    private void OnDeleted(string key)
    {
        if (ObjectKeys.ChunkOf(key) is { } id)
        {
            Deletions++;
            incarnations[id].Remove(key);
            foreach (string name in states.Keys)
            {
                Check(name, "a deletion");
            }
        }
    }

    private void Check(string name, string after)
    {
        foreach (BucketFile file in BucketFile.NeededBy(states[name], withSeals: false))
        {
            foreach (ChunkId id in file.Objects.Where(id => incarnations.GetValueOrDefault(id) is not { Count: > 0 }))
            {
                Violation ??= $"'{name}' has lost chunk {id} after {after}";
            }
        }
    }
}
