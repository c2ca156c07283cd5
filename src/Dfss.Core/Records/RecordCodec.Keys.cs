using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using MessagePack;

namespace Dfss.Records;

/// <content>The keys of maps: those that are known are read without making a text of them.</content>
internal static partial class RecordCodec
{
    /// <summary>Longer than any key there is; an unknown one is no longer.</summary>
    private const int MaxKeyBytes = 64;

    /// <summary>Every key that an item has, at most 64 of them. One that is left out here is only read more
    /// slowly.</summary>
    private static readonly string[] KnownKeys =
    [
        "accepted", "addresses", "ballot", "chunk_size", "clock", "clocks", "decided", "encrypted_file_id",
        "encryption", "epoch", "expected", "file_id", "former_home", "generation", "home", "known", "length",
        "manifest_missing", "missing", "mode", "modified", "modified_ns", "name", "previous", "previous_writer_ids",
        "promised", "record", "replicas", "run", "seals", "state", "status", "store_id", "unanimous", "version",
        "writer_id",
    ];

    private static readonly FrozenDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> KeyIndexes = KnownKeys
        .Index().ToFrozenDictionary(key => key.Item, key => key.Index, StringComparer.Ordinal)
        .GetAlternateLookup<ReadOnlySpan<char>>();

    private static string ReadKey(ref MessagePackReader reader, ref ReadKeys before, out bool isRepeated)
    {
        Expect(ref reader, MessagePackType.String);
        ReadOnlySequence<byte> text = reader.ReadStringSequence() ?? default;
        Require(text.Length <= MaxKeyBytes, "length of a text");
        Span<byte> bytes = stackalloc byte[MaxKeyBytes];
        Span<char> letters = stackalloc char[MaxKeyBytes];
        text.CopyTo(bytes);
        int count = Encoding.ASCII.GetChars(bytes[..(int)text.Length], letters);
        if (KeyIndexes.TryGetValue(letters[..count], out int index))
        {
            isRepeated = !before.Add(index);
            return KnownKeys[index];
        }

        string key = StrictUtf8.GetString(text);
        isRepeated = !before.Add(key);
        return key;
    }

    /// <summary>The keys of one map that were read.</summary>
    private struct ReadKeys
    {
        private ulong known;
        private HashSet<string>? others;

        /// <summary>Adds a known key by its index; false if it was there.</summary>
        public bool Add(int index)
        {
            ulong before = known;
            known |= 1UL << index;
            return known != before;
        }

        /// <summary>Adds another key; false if it was there.</summary>
        public bool Add(string key) => (others ??= new(StringComparer.Ordinal)).Add(key);
    }
}
