namespace Dfss.Protocol;

/// <summary>
/// An error answer: its status is the error code, its results are <c>{message, retryable[, advice][, chunk_id][,
/// versions]}</c>.
/// </summary>
internal static class ErrorAnswer
{
    /// <summary>
    /// The longest message; a longer one is cut. An error must fit into a frame, before hello too: a message and an
    /// advice with three bytes a character, and all else that an error may carry, take less than 4,096 bytes.
    /// </summary>
    public const int MaxMessageCharacters = 1000;

    /// <summary>The longest advice; a longer one is cut.</summary>
    public const int MaxAdviceCharacters = 300;

    /// <summary>
    /// The error answer to request <paramref name="id"/>, or, if that is null, the notice that closes the connection.
    /// </summary>
    /// <param name="id">The id of the request.</param>
    /// <param name="exception">The failure.</param>
    /// <param name="arguments">
    /// The arguments of the request: a chunk id in them is copied to the answer, unless the
    /// failure names a chunk itself.
    /// </param>
    public static Message Create(uint? id, DfssException exception, MessageMap? arguments = null) =>
        Message.Answer(
            id, exception.Code,
            ToMap(exception, exception.ChunkId ?? (arguments is null ? null : ReadChunkId(arguments))));

    /// <summary>
    /// The results of an error answer. VersionNotSupported carries the versions that this side supports.
    /// </summary>
    public static MessageMap ToMap(DfssException exception, ChunkId? chunkId)
    {
        MessageMap map = new()
        {
            { "message", PrintableText.FromMessage(exception.Reason, MaxMessageCharacters) },
            { "retryable", exception.IsTransient }
        };
        if (exception.Advice is { } advice)
        {
            map.Add("advice", PrintableText.FromMessage(advice, MaxAdviceCharacters));
        }

        if (chunkId is { } chunk)
        {
            map.Add("chunk_id", chunk.ToByteArray());
        }

        if (exception.Code == DfssErrorCode.VersionNotSupported)
        {
            map.Add("versions", Handshake.ToArray(Handshake.SupportedVersions));
        }

        return map;
    }

    /// <summary>
    /// The exception for an error answer: its code and message. An unknown code, of a newer peer, becomes
    /// PeerFault, and the message has its number. The peer's text is made printable, and cut if it is too long.
    /// </summary>
    public static DfssException ToException(Message answer)
    {
        string text = answer.Map.TryGet("message", out MessageValue message) && message.Kind == MessageValueKind.Text
            ? PrintableText.FromMessage(message.AsText(), MaxMessageCharacters)
            : "the peer gave no reason.";
        if (answer.Status == DfssErrorCode.VersionNotSupported
            && answer.Map.TryGet("versions", out MessageValue versions) && versions.Kind == MessageValueKind.Array)
        {
            text += $" (The peer's versions: {string.Join(", ", versions.AsArray().Select(Describe))}.)";
        }

        ChunkId? chunkId = ReadChunkId(answer.Map);
        if (chunkId is { } id && !text.Contains(id.ToString(), StringComparison.Ordinal))
        {
            text += $" (Chunk {id}.)";
        }

        string? advice = answer.Map.TryGet("advice", out MessageValue given) && given.Kind == MessageValueKind.Text
            ? PrintableText.FromMessage(given.AsText(), MaxAdviceCharacters)
            : null;
        return Enum.IsDefined(answer.Status)
            ? new DfssException(answer.Status, text, advice) { ChunkId = chunkId }
            : new DfssException(
                DfssErrorCode.PeerFault, $"{text} (The peer's error {(int)answer.Status} is unknown here.)", advice)
            { ChunkId = chunkId };
    }

    private static ChunkId? ReadChunkId(MessageMap results) => results.TryGet("chunk_id", out MessageValue value)
        && value.Kind == MessageValueKind.Binary && value.AsBinary() is { Length: ChunkId.SizeBytes } bytes
            ? new ChunkId(bytes)
            : null;

    private static string Describe(MessageValue version) => version.Kind == MessageValueKind.Integer
        ? version.AsInteger().ToString(System.Globalization.CultureInfo.InvariantCulture)
        : "?";
}
