using Dfss.Protocol;

namespace Dfss.Tests.Protocol;

/// <summary>One value and every form in which MessagePack may write it; or what has no place here, and why.</summary>
/// <param name="What">The value in words.</param>
/// <param name="Value">The value read; null for what is refused.</param>
/// <param name="Forms">Each form in hex.</param>
internal sealed record ValueVector(string What, MessageValue? Value, params string[] Forms);

/// <summary>
/// Values of each kind that MessagePack has, at the edges of its length forms. What protocol version 1 allows is read
/// equal in every form; the rest is refused.
/// </summary>
internal static class ValueVectors
{
    private static readonly string Utf8 = "naïve, Кириллица, ひらがな, 한글, 漢字, 🍻";
    private static readonly string Utf8Hex = Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(Utf8));

    public static IReadOnlyList<ValueVector> Allowed { get; } =
    [
        new("nil", MessageValue.Nil, "c0"),
        new("false", false, "c2"),
        new("true", true, "c3"),
        new("0", 0, "00", "cc00", "cd0000", "ce00000000", "cf0000000000000000", "d000", "d10000", "d200000000",
            "d30000000000000000"),
        new("1", 1, "01", "cc01", "cd0001", "ce00000001", "cf0000000000000001", "d001", "d10001", "d200000001",
            "d30000000000000001"),
        new("127", 127, "7f", "cc7f", "cd007f", "ce0000007f", "cf000000000000007f", "d07f", "d1007f", "d20000007f",
            "d3000000000000007f"),
        new("128", 128, "cc80", "cd0080", "ce00000080", "cf0000000000000080", "d10080", "d200000080",
            "d30000000000000080"),
        new("255", 255, "ccff", "cd00ff", "ce000000ff", "cf00000000000000ff", "d100ff", "d2000000ff",
            "d300000000000000ff"),
        new("256", 256, "cd0100", "ce00000100", "cf0000000000000100", "d10100", "d200000100", "d30000000000000100"),
        new("2^15", 1 << 15, "cd8000", "ce00008000", "cf0000000000008000", "d200008000", "d30000000000008000"),
        new("2^16 - 1", 65535, "cdffff", "ce0000ffff", "cf000000000000ffff", "d20000ffff", "d3000000000000ffff"),
        new("2^16", 65536, "ce00010000", "cf0000000000010000", "d200010000", "d30000000000010000"),
        new("2^31", 1L << 31, "ce80000000", "cf0000000080000000", "d30000000080000000"),
        new("2^32 - 1", uint.MaxValue, "ceffffffff", "cf00000000ffffffff", "d300000000ffffffff"),
        new("2^32", 1L << 32, "cf0000000100000000", "d30000000100000000"),
        new("2^53 - 1", MessageValue.MaxInteger, "cf001fffffffffffff", "d3001fffffffffffff"),
        new("an empty text", "", "a0", "d900", "da0000", "db00000000"),
        new("a text of 1 byte", "a", "a161", "d90161", "da000161", "db0000000161"),
        new("a text of 31 bytes", new string('1', 31), Each(["bf", "d91f", "da001f", "db0000001f"], Repeat("31", 31))),
        new("a text of 32 bytes", new string('1', 32), Each(["d920", "da0020", "db00000020"], Repeat("31", 32))),
        new("a text of 256 bytes", new string('1', 256), Each(["da0100", "db00000100"], Repeat("31", 256))),
        new("a text of several scripts", Utf8,
            Each([$"d9{Utf8Hex.Length / 2:x2}", $"da{Utf8Hex.Length / 2:x4}", $"db{Utf8Hex.Length / 2:x8}"], Utf8Hex)),
        new("a text of U+0000", "\0", "a100", "d90100", "da000100", "db0000000100"),
        new("a text of U+10FFFF", "\U0010FFFF", "a4f48fbfbf", "d904f48fbfbf", "da0004f48fbfbf", "db00000004f48fbfbf"),
        new("a text not in normal form C", "e\u0301", "a365cc81", "d90365cc81", "da000365cc81", "db0000000365cc81"),
        new("an empty bin", Array.Empty<byte>(), "c400", "c50000", "c600000000"),
        new("a bin of 1 byte", new byte[] { 0xff }, "c401ff", "c50001ff", "c600000001ff"),
        new("a bin of 255 bytes", new byte[255], Each(["c4ff", "c500ff", "c6000000ff"], Repeat("00", 255))),
        new("a bin of 256 bytes", new byte[256], Each(["c50100", "c600000100"], Repeat("00", 256))),
        new("an empty array", MessageValue.From([]), "90", "dc0000", "dd00000000"),
        new("an array of nil", MessageValue.From([MessageValue.Nil]), "91c0", "dc0001c0", "dd00000001c0"),
        new("an array of 15", Ones(15), Each(["9f", "dc000f", "dd0000000f"], Repeat("01", 15))),
        new("an array of 16", Ones(16), Each(["dc0010", "dd00000010"], Repeat("01", 16))),
        new("an array of 65,000", Ones(65_000), Each(["dcfde8", "dd0000fde8"], Repeat("01", 65_000))),
        new("arrays in an array", MessageValue.From([MessageValue.From([]), Ones(2)]), "9290920101",
            "dc000290dc00020101", "dd00000002dd00000000920101"),
        new("a map in an array", MessageValue.From([new MessageMap { { "a", 1 } }]), "9181a16101",
            "dc0001de0001d9016101"),
        new("an empty map", MessageMap.Empty, "80", "de0000", "df00000000"),
        new("a map", new MessageMap { { "a", 1 } }, "81a16101", "81d90161cc01", "de0001da000161cd0001",
            "df00000001db0000000161ce00000001"),
        new("an empty key", new MessageMap { { "", 1 } }, "81a001", "81d90001", "de0001da000001"),
        new("a key of several bytes a character", new MessageMap { { "ключ", 1 } }, "81a8d0bad0bbd18ed18701",
            "81d908d0bad0bbd18ed18701"),
        new("a map of 15", Map(15), Each(["8f", "de000f", "df0000000f"], Keys(15))),
        new("a map of 16", Map(16), Each(["de0010", "df00000010"], Keys(16))),
        new(
            "maps and arrays in a map",
            new MessageMap
            {
                { "a", new MessageMap { { "b", MessageValue.From([new MessageMap { { "c", MessageValue.Nil } }]) } } }
            },
            "81a16181a1629181a163c0", "de0001a161df00000001a162dc000181d90163c0"),
    ];

    public static IReadOnlyList<ValueVector> Refused { get; } =
    [
        new("-1", null, "ff", "d0ff", "d1ffff", "d2ffffffff", "d3ffffffffffffffff"),
        new("-32", null, "e0", "d0e0", "d1ffe0", "d2ffffffe0", "d3ffffffffffffffe0"),
        new("the smallest of each form", null, "d080", "d18000", "d280000000", "d38000000000000000"),
        new("2^53 and above", null, "cf0020000000000000", "d30020000000000000", "d37fffffffffffffff",
            "cf8000000000000000", "cfffffffffffffffff"),
        new("0.0", null, "ca00000000", "cb0000000000000000"),
        new("1.0", null, "ca3f800000", "cb3ff0000000000000"),
        new("-0.5", null, "cabf000000", "cbbfe0000000000000"),
        new("no number", null, "ca7fc00000", "cb7ff8000000000000"),
        new("extensions of fixed length", null, Ext("d4", 1), Ext("d5", 2), Ext("d6", 4), Ext("d7", 8), Ext("d8", 16)),
        new("extensions with a length", null, "c70001", "c70101ff", "c8000001", "c8000101ff", "c90000000001",
            "c90000000101ff"),
        new("points in time", null, "d6ff00000000", "d7ffa1dcd7c85a4af6a5", "c70cff000000000000000000000000"),
        new("a byte that MessagePack never uses", null, "c1"),
        new("texts that are no UTF-8", null, "a1ff", "a180", "a2c080", "a2c328", "a3eda080", "a3e282e2", "a4f4908080",
            "a4f8888080", "d901ff", "da0001ff"),
        new("half a character at a text's end", null, "a2e282", "a3f09f8d", "d903f09f8d"),
        new("a key that is nil", null, "81c001", "de0001c001"),
        new("a key that is a bool", null, "81c301"),
        new("a key that is a number", null, "810101", "81cc0101", "81cd000101"),
        new("a key that is a bin", null, "81c4016101", "81c500016101"),
        new("a key that is an array", null, "819001"),
        new("a key that is a map", null, "818001"),
        new("a key that is a float", null, "81ca0000000001"),
        new("a key that is no UTF-8", null, "81a1ff01"),
        new("a key that stands twice", null, "82a16101a16102", "82a16101d9016101", "82a161c0da000161c0",
            "de0002a16101db000000016102"),
        new("a key that stands twice, deeper", null, "9182a16101a16102", "81a16182a16201a16202"),
    ];

    private static string[] Each(string[] heads, string rest) => [.. heads.Select(head => head + rest)];

    private static string Repeat(string hex, int count) => string.Concat(Enumerable.Repeat(hex, count));

    private static string Ext(string code, int bytes) => code + "01" + Repeat("ab", bytes);

    private static MessageValue Ones(int count) => MessageValue.From([.. Enumerable.Repeat((MessageValue)1, count)]);

    private static MessageMap Map(int count)
    {
        MessageMap map = [];
        for (int i = 0; i < count; i++)
        {
            map.Add(((char)('a' + i)).ToString(), i);
        }

        return map;
    }

    private static string Keys(int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => $"a1{'a' + i:x2}{i:x2}"));
}
