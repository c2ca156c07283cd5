using System.Collections;

namespace Dfss.Protocol;

/// <summary>
/// The arguments or results of a message: a small map with text keys, in the order in which they were added. Readers
/// skip unknown keys, so that new keys can be added; a required key that is absent or nil is
/// <see cref="DfssErrorCode.InvalidArgument"/>.
/// </summary>
internal sealed class MessageMap : IEnumerable<KeyValuePair<string, MessageValue>>
{
    private readonly List<KeyValuePair<string, MessageValue>> entries = [];

    public static MessageMap Empty { get; } = new();

    public int Count => entries.Count;

    /// <summary>Adds an entry; enables collection initializers. A duplicate key is a ProtocolViolation.</summary>
    public void Add(string key, MessageValue value)
    {
        // Not TryGet, which reports a key with a nil value as absent.
        foreach (KeyValuePair<string, MessageValue> entry in entries)
        {
            if (string.Equals(entry.Key, key, StringComparison.Ordinal))
            {
                throw new DfssException(
                    DfssErrorCode.ProtocolViolation, $"The key '{PrintableText.From(key, 64)}' is in one map twice.");
            }
        }

        entries.Add(new(key, value));
    }

    public bool TryGet(string key, out MessageValue value)
    {
        foreach (KeyValuePair<string, MessageValue> entry in entries)
        {
            if (string.Equals(entry.Key, key, StringComparison.Ordinal))
            {
                value = entry.Value;
                return entry.Value.Kind != MessageValueKind.Nil;
            }
        }

        value = default;
        return false;
    }

    public MessageValue Required(string key) => TryGet(key, out MessageValue value)
        ? value
        : throw new DfssException(DfssErrorCode.InvalidArgument, $"The argument '{key}' is required and was not sent.");

    public IEnumerator<KeyValuePair<string, MessageValue>> GetEnumerator() => entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => entries.GetEnumerator();
}
