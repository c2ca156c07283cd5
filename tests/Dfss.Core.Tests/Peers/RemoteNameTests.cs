using System.Text;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Transfer;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>
/// Names in requests, from clients that do not hold to the rule for names: which are refused, and which are just names.
/// </summary>
public sealed class RemoteNameTests : IAsyncLifetime
{
    private WatchedPeer watched = null!;
    private RawClient client = null!;

    /// <summary>
    /// The name; what get_file_info and get_chunk say of it, which normalize it; what the steps of the register say,
    /// where the name is the key and must be in normal form. FileNotFound and None: it is a name, of no file here.
    /// </summary>
    private static (string Name, DfssErrorCode Asked, DfssErrorCode Register)[] Table { get; } =
    [
        ("../../x", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("a/../../b", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("..", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("./x", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("/etc/passwd", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("a//b", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("a/", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("C:\\x", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("\\\\server\\share\\x", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        (new string('x', 1025), DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        (new string('x', 5000), DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        (new string('\u6587', 342), DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("a\0b", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("a\nb", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("\u001b[31m", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("\u0085", DfssErrorCode.InvalidName, DfssErrorCode.InvalidName),
        ("cafe\u0301", DfssErrorCode.FileNotFound, DfssErrorCode.InvalidName),
        ("caf\u00e9", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("CON", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("nul.txt", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("C:x", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("x.", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        (" x ", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("...", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("~/x", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("$(x)", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("%00", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("[x]*?", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("readme", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("README", DfssErrorCode.FileNotFound, DfssErrorCode.None),
        (new string('x', 1024), DfssErrorCode.FileNotFound, DfssErrorCode.None),
        ("\U0001F389", DfssErrorCode.FileNotFound, DfssErrorCode.None),
    ];

    public static TheoryData<int> Rows => [.. Enumerable.Range(0, Table.Length)];

    public async ValueTask InitializeAsync()
    {
        watched = await WatchedPeer.StartAsync();
        client = await RawClient.GreetAsync(watched.Peer);
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await watched.AssertUnharmedAsync();
        await watched.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_name_is_refused_with_the_reason_or_is_a_name_like_any_other(int row)
    {
        (string name, DfssErrorCode asked, DfssErrorCode register) = Table[row];
        await AssertAsync(asked, Operations.GetFileInfo, new MessageMap { { "name", name } }, payload: null);
        await AssertAsync(
            asked, Operations.GetChunk, new MessageMap { { "name", name }, { "index", 0 } }, payload: null);
        byte[] named = Text("name", name);
        await AssertItemAsync(register, Operations.Read, [0x81, .. named]);
        await AssertItemAsync(register, Operations.Prepare, [0x82, .. named, .. Ballot(1)]);
        foreach (string step in (string[])[Operations.Accept, Operations.Decide])
        {
            byte[] record = RecordCodec.EncodeRecord(Records.Sample.Record(name: "a"));
            byte[] renamed = [record[0], .. named, .. record[Text("name", "a").Length..].AsSpan(1)];
            await AssertItemAsync(register, step, [0x83, .. named, .. Ballot(2), .. Key("record"), .. renamed]);
        }

        Message list = await client.AskAsync(
            Operations.ListFiles, new MessageMap { { "limit", 10 }, { "prefix", name } });
        Assert.Equal(DfssErrorCode.None, list.Status);
        Assert.Equal(register == DfssErrorCode.None ? 1 : 0, list.Map.Required("lengths").AsArray().Count);
    }

    [Fact]
    public async Task Half_a_surrogate_pair_is_no_text_and_a_violation()
    {
        await client.SendAsync(
            Convert.FromHexString("0000001d9401ad6765745f66696c655f696e666f81a46e616d65a578eda08079c0"));
        Message notice = await client.ReadNoticeAsync();
        Assert.Equal(DfssErrorCode.ProtocolViolation, notice.Status);
        Assert.Contains("UTF-8", notice.Map.Required("message").AsText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_surrogate_pair_in_an_item_is_a_wrong_argument() =>
        await AssertItemAsync(
            DfssErrorCode.InvalidArgument, Operations.Read, Convert.FromHexString("81a46e616d65a578eda08079"));

    [Fact]
    public async Task Names_that_differ_only_by_case_are_two_files()
    {
        using TemporaryFolder folder = new();
        await using DfssClient sender = new([Cluster.AddressOf(watched.Peer)], TransferOptions.Default);
        CancellationToken token = TestContext.Current.CancellationToken;
        await sender.SendAsync(
            folder.CreateFile("1", 10, seed: 1), "Readme", SendOptions.Default, progress: null, token);
        await sender.SendAsync(
            folder.CreateFile("2", 20, seed: 2), "README", SendOptions.Default, progress: null, token);
        Assert.Equal(10, (await sender.GetAsync("Readme", token)).Record.Length);
        Assert.Equal(20, (await sender.GetAsync("README", token)).Record.Length);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => sender.GetAsync("readme", token));
        Assert.Equal(DfssErrorCode.FileNotFound, error.Code);
    }

    private static byte[] Ballot(byte counter) => [.. Key("ballot"), 0x92, counter, 0xc4, 16, .. new byte[15], 1];

    private static byte[] Key(string key) => [(byte)(0xa0 + key.Length), .. Encoding.UTF8.GetBytes(key)];

    /// <summary>A key and its text in the form that the codec writes, whatever the text is.</summary>
    private static byte[] Text(string key, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte[] head = utf8.Length < 32
            ? [(byte)(0xa0 + utf8.Length)]
            : [0xda, (byte)(utf8.Length >> 8), (byte)utf8.Length];
        return [.. Key(key), .. head, .. utf8];
    }

    private Task AssertItemAsync(DfssErrorCode expected, string operation, byte[] item) =>
        AssertAsync(expected, operation, new MessageMap { { "lengths", MessageValue.From([item.Length]) } }, item);

    private async Task AssertAsync(DfssErrorCode expected, string operation, MessageMap arguments, byte[]? payload)
    {
        Message answer = await client.AskAsync(
            operation, arguments, payload is null ? null : (ReadOnlyMemory<byte>?)payload);
        string message = answer.Map.TryGet("message", out MessageValue text) ? text.AsText() : string.Empty;
        Assert.True(expected == answer.Status, $"{operation}: {answer.Status}: {message}");
        if (expected == DfssErrorCode.InvalidName)
        {
            Assert.Matches("cannot be the name of a stored file: .+\\.$|is not in normal form C", message);
        }
    }
}
