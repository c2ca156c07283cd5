using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Security;
using Xunit;

namespace Dfss.Tests.Protocol;

/// <summary>
/// The blocks printed in docs/protocol.md, read and written: the document and the code cannot disagree.
/// </summary>
public sealed partial class GoldenFrameTests
{
    private static readonly string Document = File.ReadAllText(DocumentPath());
    private static readonly Dictionary<string, Block> Printed = GoldenBlock().Matches(Document).ToDictionary(
        match => match.Groups["name"].Value,
        match => new Block(
            match.Groups["meaning"].Value.Trim().ReplaceLineEndings(" "),
            Convert.FromHexString(Blank().Replace(match.Groups["hex"].Value, ""))));

    public static TheoryData<string> Names => [.. GoldenFrames.Frames.Keys.Concat(GoldenFrames.Values.Keys)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_block_writes_and_reads_as_it_says(string name)
    {
        byte[] written = GoldenFrames.Values.TryGetValue(name, out byte[]? value)
            ? value
            : MessageCodec.ToFrame(GoldenFrames.Frames[name].Message, GoldenFrames.Frames[name].Payload);
        Assert.True(
            Printed.TryGetValue(name, out Block? printed) && printed.Bytes.AsSpan().SequenceEqual(written),
            $"{name} is written as {Convert.ToHexStringLower(written)}, which means {Read(name, written)}");
        Assert.Equal(printed.Meaning, Read(name, printed.Bytes));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_bit_of_a_block_can_be_another_without_notice(string name)
    {
        Block printed = Printed[name];
        for (int bit = 0; bit < printed.Bytes.Length * 8; bit++)
        {
            byte[] changed = [.. printed.Bytes];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(printed.Meaning, ReadOrError(name, changed));
        }
    }

    [Fact]
    public void Every_operation_is_shown_asked_and_answered()
    {
        Assert.Equal(
            Names.Select(row => row.Data).Order(StringComparer.Ordinal), Printed.Keys.Order(StringComparer.Ordinal));
        foreach (string operation in OperationNames())
        {
            uint[] asked = [.. GoldenFrames.Frames.Values
                .Where(frame => frame.Message.Operation == operation).Select(frame => frame.Message.Id!.Value)];
            Assert.NotEmpty(asked);
            Assert.All(asked, id => Assert.Contains(
                GoldenFrames.Frames.Values,
                frame => frame.Message.Operation is null && frame.Message.Id == id
                    && frame.Message.Status == DfssErrorCode.None));
        }
    }

    [Fact]
    public void The_invitation_is_shown_as_the_text_of_its_bytes()
    {
        Match text = Regex.Match(Document, "^dfss-invitation:[A-Za-z0-9_\\-\\s]+(?=```)", RegexOptions.Multiline);
        Assert.Equal(GoldenFrames.Invitation.ToText(), Blank().Replace(text.Value, ""));
        Assert.Equal(Printed["invitation"].Bytes[Frame.PrefixBytes..], GoldenFrames.Invitation.Encode());
    }

    [Fact]
    public void The_statement_of_the_issuers_address_is_signed_with_the_key_that_is_shown()
    {
        using ECDsa key = ECDsa.Create();
        string shown = Regex.Match(Document, "^MFkw[A-Za-z0-9+/=\\s]+(?=```)", RegexOptions.Multiline).Value;
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(Blank().Replace(shown, "")), out _);
        MessageMap map = UnsentMessage.Decode(GoldenFrames.IssuerStatement, IssuerStatement.MaxBytes)!.Map;
        byte[] signed = map.Required("signed").AsBinary();
        Assert.Equal(Printed["issuer"].Bytes[Frame.PrefixBytes..], signed);
        Assert.True(key.VerifyData(
            signed, map.Required("signature").AsBinary(), HashAlgorithmName.SHA256,
            DSASignatureFormat.Rfc3279DerSequence));
        Assert.Equal(signed, IssuerStatement.ReadContent(signed).EncodeContent());
    }

    [Fact]
    public void The_error_table_is_the_codes_own()
    {
        string[] printed = [.. ErrorRow().Matches(Document).Select(match => match.Value)];
        Assert.Equal(
            Enum.GetValues<DfssErrorCode>().Select(
                code => $"| {(int)code} | {code} | {(new DfssException(code, "").IsTransient ? "yes" : "no")} |"),
            printed);
    }

    [Fact]
    public void The_operations_table_is_the_codes_own()
    {
        (string Name, bool TakesPayload, string Role)[] printed = [.. OperationRow().Matches(Document)
            .Select(
                match => (match.Groups["name"].Value, match.Groups["payload"].Value.Trim() != "nil",
                    match.Groups["role"].Value))];
        Assert.Equal(
            OperationNames().Select(operation => (
                operation, Operations.TakesPayload(operation) == true,
                Permissions.LeastRole(operation)!.Value.ToString().ToLowerInvariant())),
            printed);
    }

    [Fact]
    public void The_limits_are_the_codes_own() => Assert.All(
        new FormattableString[]
        {
            $"| everything of a body before the payload's bytes | {DfssLimits.MaxHeaderBytes:N0} bytes |",
            $"| payload | 16 MiB ({DfssLimits.MaxPayloadBytes:N0} bytes) |",
            $"| body | {DfssLimits.MaxFrameBytes:N0} bytes (65,536 and 16 MiB); before `hello` is answered ",
            $"(65,536 and 16 MiB); before `hello` is answered {DfssLimits.MaxHelloFrameBytes:N0} bytes,",
            $"| shortest body | {Frame.MinBodyBytes} bytes |",
            $"| nesting, the body's own array being the first level | {DfssLimits.MaxDepth} |",
            $"| keys of one map | {MessageCodec.MaxMapKeys}; of a map within an item 64,",
            $"| requests in flight on one connection | {DfssLimits.MaxRequestsInFlight}, or the limit in `hello` |",
            $"| connections of one peer | {DfssLimits.MaxConnections}, of one identity ",
            $", of one identity {DfssLimits.MaxConnectionsPerIdentity}; before `hello` is ",
            $"before `hello` is answered {DfssLimits.MaxUnauthenticatedConnections} more |",
            $"| items of a batch | {MessageBatch.MaxItems:N0}, together 16 MiB,",
            $"| chunk size of a file | {DfssLimits.MinChunkSize:N0} to {DfssLimits.MaxChunkSize:N0} bytes; ",
            $" bytes; {DfssLimits.DefaultChunkSize:N0} is usual |",
            $"| chunks of a file | {DfssLimits.MaxChunksPerFile:N0} |",
            $"| length of a file | {(long)DfssLimits.MaxChunksPerFile * DfssLimits.MaxChunkSize:N0} bytes",
            $"| name | 1 to {DfssLimits.MaxNameBytes:N0} bytes of UTF-8 |",
            $"| members of a home | 1 to {DfssLimits.MaxHomeMembers} |",
            $"| an error's message | {ErrorAnswer.MaxMessageCharacters:N0} UTF-16 units;",
            $"| an error's advice | {ErrorAnswer.MaxAdviceCharacters:N0} UTF-16 units;",
            $"{RegisterState.MaxSeals:N0} other files",
            $"| previous_writer_ids | array of bin 16 | 0 to {Proposer.MaxPreviousWriterIds},",
            $"The default port is {DfssLimits.DefaultPort}.",
        },
        fragment => Assert.Contains(FormattableString.Invariant(fragment), Document, StringComparison.Ordinal));

    private static IEnumerable<string> OperationNames() =>
        typeof(Operations).GetFields().Select(field => (string)field.GetRawConstantValue()!);

    private static string ReadOrError(string name, byte[] bytes)
    {
        try
        {
            return Read(name, bytes);
        }
        catch (DfssException error)
        {
            return error.Message;
        }
    }

    /// <summary>What the bytes mean, read by the code that reads such bytes from an unauthenticated client.</summary>
    private static string Read(string name, byte[] bytes)
    {
        if (name.StartsWith("manifest", StringComparison.Ordinal))
        {
            return GoldenNotation.Of(FileManifest.Decode(bytes));
        }

        if (name.StartsWith("record", StringComparison.Ordinal))
        {
            return ReadItem(bytes, item => RecordCodec.EncodeRecord(RecordCodec.DecodeRecord(item)));
        }

        Assert.True(Frame.TryReadPrefix(bytes, DfssLimits.MaxFrameBytes, out int bodyBytes));
        byte[] body = bytes[Frame.PrefixBytes..];
        MessageCodec.HeaderScan scan = default;
        if (bodyBytes != body.Length || !scan.TryFindEnd(body, bodyBytes, out MessageCodec.HeaderEnd end))
        {
            return "A frame of another length.";
        }

        Message message = MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes));
        ReadOnlyMemory<byte>? payload = end.PayloadBytes is null
            ? null
            : (ReadOnlyMemory<byte>?)body.AsMemory(end.HeaderBytes);
        Func<ReadOnlyMemory<byte>, byte[]>? codec = ItemCodec(name);
        foreach (ReadOnlyMemory<byte> item in codec is null ? [] : MessageBatch.Split(message.Map, payload ?? default))
        {
            ReadItem(item, codec!);
        }

        return GoldenNotation.Of(message, payload, codec is not null);
    }

    /// <summary>
    /// What an item means to any reader of MessagePack; the code's own reading must keep all of it.
    /// </summary>
    private static string ReadItem(ReadOnlyMemory<byte> item, Func<ReadOnlyMemory<byte>, byte[]> codec)
    {
        string meaning = GoldenNotation.OfItem(item);
        string kept = GoldenNotation.OfItem(codec(item));
        return meaning == kept
            ? meaning
            : throw new DfssException(DfssErrorCode.InvalidArgument, $"Of {meaning} only {kept} is read.");
    }

    private static Func<ReadOnlyMemory<byte>, byte[]>? ItemCodec(string name) => name switch
    {
        "prepare-request" => item => RecordCodec.Encode(RecordCodec.DecodePrepare(item)),
        "seal-request" => item => RecordCodec.Encode(RecordCodec.DecodeSeal(item)),
        "accept-request" => item => RecordCodec.Encode(RecordCodec.DecodeAccept(item)),
        "decide-request" => item => RecordCodec.Encode(RecordCodec.DecodeDecide(item)),
        "read-request" => item => RecordCodec.Encode(RecordCodec.DecodeRead(item)),
        "list-files-answer" => item => RecordCodec.EncodeBallotedRecord(RecordCodec.DecodeBallotedRecord(item)),
        "list-seals-answer" => item => RecordCodec.EncodeSealedName(RecordCodec.DecodeSealedName(item)),
        _ when RegisterAnswerName().IsMatch(name) => item => RecordCodec.EncodeAnswer(RecordCodec.DecodeAnswer(item)),
        _ => null,
    };

    private static string DocumentPath()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Dfss.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder!.FullName, "docs", "protocol.md");
    }

    [GeneratedRegex(
        "```text (?<name>[a-z-]+)\n(?<meaning>.*?)```\\s+```hex \\k<name>\n(?<hex>.*?)```", RegexOptions.Singleline)]
    private static partial Regex GoldenBlock();

    [GeneratedRegex(@"^\| \d+ \| \w+ \| (yes|no) \|", RegexOptions.Multiline)]
    private static partial Regex ErrorRow();

    [GeneratedRegex(
        @"^\| `(?<name>[a-z_]+)` \|[^|]*\|(?<payload>[^|]*)\|[^|]*\|[^|]*\|[^|]*\|[^|]*\| (?<role>[a-z]+) \|$",
        RegexOptions.Multiline)]
    private static partial Regex OperationRow();

    [GeneratedRegex("^(prepare|seal|accept|decide|read)-answer")]
    private static partial Regex RegisterAnswerName();

    [GeneratedRegex("\\s+")]
    private static partial Regex Blank();

    private sealed record Block(string Meaning, byte[] Bytes);
}
