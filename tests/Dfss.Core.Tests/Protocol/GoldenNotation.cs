using System.Globalization;
using Dfss.Protocol;

namespace Dfss.Tests.Protocol;

/// <summary>
/// The notation in which docs/protocol.md says what the bytes of a golden block mean: JSON, with h'..' for a bin, nil,
/// and &lt;&lt;..&gt;&gt; for a payload of items.
/// </summary>
internal static class GoldenNotation
{
    public static string Of(Message message, ReadOnlyMemory<byte>? payload, bool isOfItems)
    {
        string id = message.Id is { } number ? number.ToString(CultureInfo.InvariantCulture) : "nil";
        string second = message.Operation is { } operation
            ? $"\"{operation}\""
            : ((int)message.Status).ToString(CultureInfo.InvariantCulture);
        string last = payload is not { } bytes ? "nil" : isOfItems
            ? $"<<{string.Join(", ", MessageBatch.Split(message.Map, bytes).Select(OfItem))}>>"
            : OfBinary(bytes.Span);
        return $"[{id}, {second}, {Of(message.Map)}, {last}]";
    }

    public static string Of(FileManifest manifest) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{{(manifest.IsEncrypted ? "\"encrypted\": true, " : "")}\"length\": {manifest.Length}, \"chunk_size\": "
            + $"{manifest.ChunkSize}, ")
        + $"\"chunks\": [{string.Join(", ", OfChunks(manifest))}]}}";

    private static IEnumerable<string> OfChunks(FileManifest manifest) =>
        Enumerable.Range(0, manifest.ChunkCount).Select(index => OfBinary(manifest[index].ToByteArray()));

    /// <summary>An item is a map; it is read as the map of a message.</summary>
    public static string OfItem(ReadOnlyMemory<byte> item)
    {
        byte[] body = [0x94, 0x00, 0x00, .. item.Span, 0xc0];
        MessageCodec.HeaderScan scan = default;
        return scan.TryFindEnd(body, body.Length, out _)
            ? Of(MessageCodec.DecodeHeader(body).Map)
            : throw new DfssException(DfssErrorCode.ProtocolViolation, "An item ends early.");
    }

    private static string Of(MessageMap map) =>
        $"{{{string.Join(", ", map.Select(entry => $"\"{entry.Key}\": {Of(entry.Value)}"))}}}";

    private static string Of(MessageValue value) => value.Kind switch
    {
        MessageValueKind.Boolean => value.AsBoolean() ? "true" : "false",
        MessageValueKind.Integer => value.AsInteger().ToString(CultureInfo.InvariantCulture),
        MessageValueKind.Text => $"\"{value.AsText()}\"",
        MessageValueKind.Binary => OfBinary(value.AsBinary()),
        MessageValueKind.Array => $"[{string.Join(", ", value.AsArray().Select(Of))}]",
        MessageValueKind.Map => Of(value.AsMap()),
        _ => "nil",
    };

    private static string OfBinary(ReadOnlySpan<byte> bytes) => $"h'{Convert.ToHexStringLower(bytes)}'";
}
