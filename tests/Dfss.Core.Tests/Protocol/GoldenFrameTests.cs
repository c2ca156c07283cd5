using System.Text.RegularExpressions;
using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>The frames printed in docs/protocol.md, read and written: the document and the code cannot disagree.</summary>
public partial class GoldenFrameTests
{
    private static readonly byte[] AbcId = ChunkId.Of("abc"u8).ToByteArray();
    private static readonly StoreId Store = StoreId.Parse("000102030405060708090a0b0c0d0e0f");

    private static Dictionary<string, (Message Message, ReadOnlyMemory<byte>? Payload)> Expected { get; } = new()
    {
        ["hello-request"] = (Message.Request(0, Operations.Hello, new HelloRequest([1], "dfss/0.1.0", []).ToMap()), null),
        ["hello-answer"] = (
            Message.Answer(
                0,
                DfssErrorCode.None,
                new HelloAnswer(1, "dfss/0.1.0", Store, ["127.0.0.1:9000"], [], HelloLimits.Default).ToMap()),
            null),
        ["ping-request"] = (Message.Request(1, Operations.Ping, []), null),
        ["store-chunk-request"] = (
            Message.Request(2, Operations.StoreChunk, new MessageMap { { "chunk_id", AbcId } }), "abc"u8.ToArray()),
        ["store-chunk-answer"] = (Message.Answer(2, DfssErrorCode.None, new MessageMap { { "present", false } }), null),
        ["get-chunk-request"] = (
            Message.Request(3, Operations.GetChunk, new MessageMap { { "name", "a.txt" }, { "index", 0 } }), null),
        ["empty-payload"] = (Message.Answer(3, DfssErrorCode.None, []), ReadOnlyMemory<byte>.Empty),
        ["error-answer"] = (
            Message.Answer(
                4,
                DfssErrorCode.ChunkNotFound,
                new MessageMap { { "message", "No such chunk." }, { "retryable", false }, { "chunk_id", AbcId } }),
            null),
        ["draining-notice"] = (
            Message.Answer(
                null, DfssErrorCode.PeerBusy, new MessageMap { { "message", "The peer is stopping." }, { "retryable", true } }),
            null),
    };

    [Fact]
    public void Every_frame_of_the_document_reads_and_writes_as_it_says()
    {
        Dictionary<string, string> printed = GoldenBlock().Matches(File.ReadAllText(DocumentPath()))
            .ToDictionary(match => match.Groups[1].Value, match => Blank().Replace(match.Groups[2].Value, ""));
        foreach ((string name, (Message message, ReadOnlyMemory<byte>? payload)) in Expected)
        {
            string written = Convert.ToHexStringLower(MessageCodec.ToFrame(message, payload));
            Assert.True(printed.ContainsKey(name), $"{name} is not in the document: {written}");
            Assert.True(written == printed[name], $"{name} is written as {written}");
            byte[] body = Convert.FromHexString(printed[name])[Frame.PrefixBytes..];
            MessageCodec.HeaderScan scan = default;
            Assert.True(scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end));
            Assert.Equal(payload?.Length, end.PayloadBytes);
            Assert.Equal(
                MessageSamples.Describe(message), MessageSamples.Describe(MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes))));
        }

        Assert.Equal(Expected.Keys.Order(StringComparer.Ordinal), printed.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_document_names_every_error_and_every_operation()
    {
        string text = File.ReadAllText(DocumentPath());
        Assert.All(Enum.GetValues<DfssErrorCode>(), code => Assert.Contains($"| {(int)code} | {code} |", text, StringComparison.Ordinal));
        Assert.All(
            typeof(Operations).GetFields().Select(field => (string)field.GetRawConstantValue()!),
            operation => Assert.Contains($"`{operation}`", text, StringComparison.Ordinal));
    }

    private static string DocumentPath()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Dfss.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder!.FullName, "docs", "protocol.md");
    }

    [GeneratedRegex("```hex ([a-z-]+)\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex GoldenBlock();

    [GeneratedRegex("\\s+")]
    private static partial Regex Blank();
}
