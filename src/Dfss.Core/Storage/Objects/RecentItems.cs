using System.Diagnostics.CodeAnalysis;

namespace Dfss.Storage;

/// <summary>The latest items by key, a bounded number of them. Safe for concurrent use.</summary>
/// <param name="capacity">How many of the latest keys are kept at least; up to twice as many are.</param>
internal sealed class RecentItems<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private Dictionary<TKey, TValue> young = [];
    private Dictionary<TKey, TValue> old = [];

    /// <summary>Keeps an item in place of the one with the same key.</summary>
    public void Set(TKey key, TValue value)
    {
        lock (gate)
        {
            young[key] = value;
            if (young.Count >= capacity)
            {
                (old, young) = (young, []);
            }
        }
    }

    /// <summary>Finds the item of a key.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (gate)
        {
            return young.TryGetValue(key, out value) || old.TryGetValue(key, out value);
        }
    }

    /// <summary>Finds the item of a key, and keeps it no longer.</summary>
    public bool TryTake(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (gate)
        {
            bool isOld = old.Remove(key, out TValue? former);
            if (young.Remove(key, out value))
            {
                return true;
            }

            value = former;
            return isOld;
        }
    }
}
