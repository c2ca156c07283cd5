using System.Text;
using MessagePack;

namespace Dfss.Records;

/// <content>The name alone, of a record that cannot be read.</content>
internal static partial class RecordCodec
{
    /// <summary>
    /// The name in a balloted record that may be malformed elsewhere; null where it has none that is a name.
    /// </summary>
    public static string? FindName(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            MessagePackReader reader = new(encoded);
            return TryEnter(ref reader, "record") && TryEnter(ref reader, "name") ? ReadName(ref reader) : null;
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException
            or DecoderFallbackException or ArgumentOutOfRangeException or DfssException)
        {
            return null;
        }
    }

    /// <summary>Goes to the value of a key of the map that is next.</summary>
    private static bool TryEnter(ref MessagePackReader reader, string key)
    {
        Expect(ref reader, MessagePackType.Map);
        for (int left = reader.ReadMapHeader(); left > 0; left--)
        {
            if (ReadText(ref reader, MaxKeyBytes) == key)
            {
                return true;
            }

            Skip(ref reader, depth: 2);
        }

        return false;
    }
}
