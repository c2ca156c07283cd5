using System.Text;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Content;

/// <summary>Text and lines out of bytes, beside what .NET's own reader makes of them.</summary>
public sealed class ContentRangeTests
{
    private static readonly string[] Texts =
    [
        "", "a", "\n", "\r", "\r\n", "\n\n", "a\nb", "a\nb\n", "a\r\nb\r\n\r\nc", "\r\n\ra\r\r\nb", "ü\n€\n😀\r\n𝄞x",
        string.Concat(Enumerable.Range(0, 30_000).Select(i => $"line {i} äöü{(i % 3 == 0 ? "\r\n" : "\n")}")),
        new string('x', 200_000) + "\r\n" + new string('y', 70_000),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, string> Cases => new(
        from text in Enumerable.Range(0, Texts.Length)
        from encoding in EncodingArgumentAttribute.ByName.Keys
        select (text, encoding));

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Lines_are_those_of_a_stream_reader(int text, string name)
    {
        Encoding encoding = EncodingArgumentAttribute.ByName[name]();
        byte[] bytes = [.. encoding.Preamble, .. encoding.GetBytes(Texts[text])];
        string[] expected = Lines(new StreamReader(new MemoryStream(bytes), encoding).ReadToEnd());

        Assert.Equal(expected, await ReadAsync(bytes, encoding, tail: null));
        foreach (int tail in (int[])[0, 1, 2, 3, 1000])
        {
            Assert.Equal(expected.TakeLast(tail), await ReadAsync(bytes, encoding, tail));
        }
    }

    [Theory]
    [InlineData("utf8BOM")]
    [InlineData("unicode")]
    [InlineData("bigendianunicode")]
    [InlineData("utf32")]
    [InlineData("bigendianutf32")]
    public async Task A_byte_order_mark_decides_and_is_no_part_of_the_text(string name)
    {
        Encoding encoding = EncodingArgumentAttribute.ByName[name]();
        byte[] bytes = [.. encoding.Preamble, .. encoding.GetBytes("ü€\nb")];

        Assert.Equal(["ü€", "b"], await ReadAsync(bytes, EncodingArgumentAttribute.Utf8NoBom, tail: null));
        Assert.Equal(["ü€", "b"], await ReadAsync(bytes, EncodingArgumentAttribute.Utf8NoBom, tail: 2));
    }

    [Theory]
    [InlineData("utf8BOM", 4)]
    [InlineData("unicode", 4)]
    [InlineData("bigendianutf32", 8)]
    public async Task A_byte_order_mark_decides_for_a_part_too(string name, int offset)
    {
        Encoding encoding = EncodingArgumentAttribute.ByName[name]();
        byte[] bytes = [.. encoding.Preamble, .. encoding.GetBytes("aü€")];

        Assert.Equal(["ü€"], await ReadAsync(bytes, EncodingArgumentAttribute.Utf8NoBom, tail: null, offset));
    }

    [Fact]
    public async Task The_mark_of_the_given_encoding_is_seen_first()
    {
        byte[] bytes = [.. Encoding.UTF32.Preamble, .. Encoding.UTF32.GetBytes("a")];
        Assert.Equal(["\0a\0"], await ReadAsync(bytes, Encoding.Unicode, tail: null));
    }

    [Theory]
    [InlineData(0, 100, "0123456789")]
    [InlineData(3, 4, "3456")]
    [InlineData(9, 4, "9")]
    [InlineData(10, 1, "")]
    [InlineData(100, 1, "")]
    [InlineData(2, 0, "")]
    [InlineData(1, long.MaxValue, "123456789")]
    public async Task A_part_is_what_is_between_its_ends(long offset, long count, string expected)
    {
        var range = new ContentRange(new MemoryStream("0123456789"u8.ToArray()));
        range.Limit(offset, count);
        List<byte> bytes = [];
        await foreach (ReadOnlyMemory<byte> block in range.ReadAsync(Token))
        {
            bytes.AddRange(block.Span);
        }

        Assert.Equal(expected, Encoding.ASCII.GetString([.. bytes]));
    }

    private static string[] Lines(string text)
    {
        List<string> lines = [];
        using StringReader reader = new(text);
        while (reader.ReadLine() is { } line)
        {
            lines.Add(line);
        }

        return [.. lines];
    }

    private static async Task<List<string>> ReadAsync(
        byte[] bytes, Encoding given, int? tail, long offset = 0)
    {
        var range = new ContentRange(new MemoryStream(bytes));
        range.Limit(offset, long.MaxValue);
        Encoding encoding = await range.FindEncodingAsync(given, Token);
        if (tail is int count)
        {
            await range.LimitToLastLinesAsync(count, encoding, Token);
        }

        List<string> lines = [];
        var splitter = new LineSplitter();
        await foreach (ReadOnlyMemory<char> text in range.ReadTextAsync(encoding, Token))
        {
            splitter.Split(text.Span, lines);
        }

        splitter.End(lines);
        return lines;
    }
}
