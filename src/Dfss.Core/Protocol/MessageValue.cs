using System.Globalization;

namespace Dfss.Protocol;

/// <summary>The kinds of value in a message's maps.</summary>
internal enum MessageValueKind
{
    Nil,
    Boolean,
    Integer,
    Text,
    Binary,
    Array,
    Map,
}

/// <summary>
/// One value in a message's map: nil, a bool, an integer 0..2^53-1, a text, bytes, an array or a map.
/// </summary>
internal readonly struct MessageValue
{
    /// <summary>2^53 - 1: the largest integer that every language reads exactly, also as a double.</summary>
    public const long MaxInteger = (1L << 53) - 1;

    private readonly long number;
    private readonly object? reference;

    private MessageValue(MessageValueKind kind, long number, object? reference)
    {
        Kind = kind;
        this.number = number;
        this.reference = reference;
    }

    public static MessageValue Nil => default;

    public MessageValueKind Kind { get; }

    public bool AsBoolean() => Kind == MessageValueKind.Boolean ? number != 0 : throw Wrong(MessageValueKind.Boolean);

    public long AsInteger() => Kind == MessageValueKind.Integer ? number : throw Wrong(MessageValueKind.Integer);

    public string AsText() => Kind == MessageValueKind.Text ? (string)reference! : throw Wrong(MessageValueKind.Text);

    public byte[] AsBinary() =>
        Kind == MessageValueKind.Binary ? (byte[])reference! : throw Wrong(MessageValueKind.Binary);

    public IReadOnlyList<MessageValue> AsArray() =>
        Kind == MessageValueKind.Array ? (IReadOnlyList<MessageValue>)reference! : throw Wrong(MessageValueKind.Array);

    public MessageMap AsMap() =>
        Kind == MessageValueKind.Map ? (MessageMap)reference! : throw Wrong(MessageValueKind.Map);

    public static implicit operator MessageValue(bool value) => new(MessageValueKind.Boolean, value ? 1 : 0, null);

    public static implicit operator MessageValue(long value) => value is >= 0 and <= MaxInteger
        ? new(MessageValueKind.Integer, value, null)
        : throw new ArgumentOutOfRangeException(nameof(value), value, "An integer on the wire is 0 to 2^53 - 1.");

    public static implicit operator MessageValue(string value) => new(MessageValueKind.Text, 0, value);

    public static implicit operator MessageValue(byte[] value) => new(MessageValueKind.Binary, 0, value);

    public static implicit operator MessageValue(MessageMap value) => new(MessageValueKind.Map, 0, value);

    public static MessageValue From(IReadOnlyList<MessageValue> values) => new(MessageValueKind.Array, 0, values);

    private DfssException Wrong(MessageValueKind wanted) => new(
        DfssErrorCode.InvalidArgument,
        string.Create(CultureInfo.InvariantCulture, $"A value of kind {wanted} was expected and {Kind} was sent."));
}
