using System.Globalization;
using CsCheck;
using Dfss.Protocol;

namespace Dfss.Tests.Protocol;

/// <summary>Messages made at random, and comparing them.</summary>
internal static class MessageSamples
{
    private static readonly Gen<string> Text = Gen.String[Gen.Char['a', '\ud7ff'], 0, 40];

    private static readonly Gen<MessageValue> Scalar = Gen.OneOf(
        Gen.Const(MessageValue.Nil),
        Gen.Bool.Select(value => (MessageValue)value),
        Gen.Long[0, MessageValue.MaxInteger].Select(value => (MessageValue)value),
        Gen.Int[0, 300].Select(value => (MessageValue)value),
        Text.Select(value => (MessageValue)value),
        Gen.Byte.Array[0, 300].Select(value => (MessageValue)value));

    private static readonly Gen<MessageMap> Flat = MapOf(Scalar);

    private static readonly Gen<MessageValue> Nested = Gen.OneOf(
        Scalar, Scalar.Array[0, 20].Select(items => MessageValue.From(items)), Flat.Select(map => (MessageValue)map));

    public static Gen<Message> Any { get; } = Gen.Select(
        Gen.UInt, Gen.Bool, Gen.Int[0, 100], MapOf(Nested),
        (id, isRequest, status, map) => isRequest
            ? Message.Request(id, "operation" + status, map)
            : Message.Answer(status == 1 ? null : id, (DfssErrorCode)status, map));

    /// <summary>A text that is equal for equal messages.</summary>
    public static string Describe(Message message) =>
        $"{message.Id?.ToString(CultureInfo.InvariantCulture) ?? "nil"} {message.Operation ?? "-"} "
            + $"{(int)message.Status} {Describe(message.Map)}";

    private static Gen<MessageMap> MapOf(Gen<MessageValue> values) =>
        Gen.Select(Text, values).Array[0, 8].Select(entries =>
        {
            MessageMap map = new();
            foreach ((string key, MessageValue value) in entries.DistinctBy(entry => entry.Item1))
            {
                map.Add(key, value);
            }

            return map;
        });

    private static string Describe(MessageValue value) => value.Kind switch
    {
        MessageValueKind.Boolean => value.AsBoolean() ? "true" : "false",
        MessageValueKind.Integer => value.AsInteger().ToString(CultureInfo.InvariantCulture),
        MessageValueKind.Text => $"'{value.AsText()}'",
        MessageValueKind.Binary => Convert.ToHexString(value.AsBinary()),
        MessageValueKind.Array => $"[{string.Join(",", value.AsArray().Select(Describe))}]",
        MessageValueKind.Map => Describe(value.AsMap()),
        _ => "nil",
    };

    private static string Describe(MessageMap map) =>
        $"{{{string.Join(",", map.Select(entry => $"'{entry.Key}':{Describe(entry.Value)}"))}}}";
}
