using System.Text;
using Dfss.Clusters;
using Dfss.Encryption;
using Dfss.Protocol;
using Dfss.Records;
using Dfss.Security;

namespace Dfss.Testing;

/// <summary>
/// Everything that reads bytes of others, each as one function of these bytes. It returns where they were read or
/// refused with a typed error, and throws where they did harm: another error, more memory than such input may cost, or
/// a value that is not the same when it is written and read again.
/// </summary>
internal static class FuzzTargets
{
    /// <summary>
    /// 1 MiB beside a multiple of the input: what a reader allocates is bounded by what it was given.
    /// </summary>
    private const long FixedBytes = 1 << 20;

    /// <summary>A one-byte item of a map or an array may cost this much as an object.</summary>
    private const long BytesOfByte = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Lazy<RevocationSigner> RevocationAuthority = new(() => new RevocationSigner());

    private static readonly Action<byte[]>[] RecordReaders =
    [
        bytes => AssertStable(bytes, RecordCodec.DecodeRecord, RecordCodec.EncodeRecord),
        bytes => AssertStable(bytes, RecordCodec.DecodeBallotedRecord, RecordCodec.EncodeBallotedRecord),
        bytes => AssertStable(bytes, RecordCodec.DecodeState, RecordCodec.EncodeState),
        bytes => AssertStable(bytes, RecordCodec.DecodeAnswer, RecordCodec.EncodeAnswer),
        bytes => AssertStable(bytes, RecordCodec.DecodeSealedName, RecordCodec.EncodeSealedName),
        bytes => AssertStable(bytes, RecordCodec.DecodePrepare, RecordCodec.Encode),
        bytes => AssertStable(bytes, RecordCodec.DecodeSeal, RecordCodec.Encode),
        bytes => AssertStable(bytes, RecordCodec.DecodeAccept, RecordCodec.Encode),
        bytes => AssertStable(bytes, RecordCodec.DecodeDecide, RecordCodec.Encode),
        bytes => AssertStable(bytes, RecordCodec.DecodeRead, RecordCodec.Encode),
    ];

    /// <summary>The targets by name. The corpus of each is the folder of that name.</summary>
    public static IReadOnlyDictionary<string, Action<byte[]>> All
    {
        get;
    } = new Dictionary<string, Action<byte[]>>(StringComparer.Ordinal)
    {
        ["frame"] = ReadFrames,
        ["message"] = ReadMessage,
        ["hello"] = ReadHello,
        ["invitation"] = ReadInvitation,
        ["issuer"] = bytes => IssuerStatement.ReadContent(bytes),
        ["envelope"] = ReadEnvelope,
        ["manifest"] = bytes =>
            AssertStable(bytes, encoded => FileManifest.Decode(encoded), manifest => manifest.Encoded.ToArray()),
        ["record"] = ReadRecord,
        ["revocation"] = bytes => RevocationList.Read(bytes, []),
        ["revocation-content"] = ReadRevocationContent,
        ["text"] = ReadText,
    };

    /// <summary>Gives bytes to a target.</summary>
    /// <exception cref="InvalidOperationException">
    /// They cost more memory than they may, or are not the same when written again.
    /// </exception>
    public static void Run(string target, byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            All[target](bytes);
        }
        catch (Exception error) when (error is DfssException { Code: not DfssErrorCode.PeerFault } or FormatException)
        {
            // Refused with a reason: what bad bytes are to be.
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > FixedBytes + (BytesOfByte * bytes.Length))
        {
            throw new InvalidOperationException($"{bytes.Length} bytes cost {allocated} bytes of memory.");
        }
    }

    /// <summary>
    /// Frame after frame; each header is found byte by byte, as it may come, and at once, and must end at the same
    /// place.
    /// </summary>
    private static void ReadFrames(byte[] bytes)
    {
        ReadOnlyMemory<byte> left = bytes;
        while (Frame.TryReadPrefix(left.Span, DfssLimits.MaxFrameBytes, out int bodyBytes))
        {
            left = left[Frame.PrefixBytes..];
            ReadOnlyMemory<byte> body = left[..Math.Min(bodyBytes, left.Length)];
            MessageCodec.HeaderEnd? slow = FindSlowly(body.Span, bodyBytes);
            MessageCodec.HeaderScan scan = default;
            bool isWhole = scan.TryFindEnd(body.Span, bodyBytes, out MessageCodec.HeaderEnd end);
            if (isWhole != slow is not null || (isWhole && end != slow))
            {
                throw new InvalidOperationException($"A header ends at {end} at once, and at {slow} byte by byte.");
            }

            if (!isWhole)
            {
                return;
            }

            _ = MessageCodec.DecodeHeader(body[..end.HeaderBytes]);
            left = left[body.Length..];
        }
    }

    private static MessageCodec.HeaderEnd? FindSlowly(ReadOnlySpan<byte> body, int bodyBytes)
    {
        MessageCodec.HeaderScan scan = default;
        for (int available = 0; available <= body.Length; available++)
        {
            if (scan.TryFindEnd(body[..available], bodyBytes, out MessageCodec.HeaderEnd end))
            {
                return end;
            }
        }

        return null;
    }

    /// <summary>A body without a prefix, as a request and as an answer.</summary>
    private static void ReadMessage(byte[] bytes)
    {
        Message message = Decode(bytes);
        byte[] written = MessageCodec.ToFrame(message, payload: null);
        byte[] again = MessageCodec.ToFrame(Decode(written[Frame.PrefixBytes..]), payload: null);
        if (!written.AsSpan().SequenceEqual(again))
        {
            throw new InvalidOperationException("A message is another one when it is written and read again.");
        }

        if (message.Status != DfssErrorCode.None)
        {
            _ = ErrorAnswer.ToException(message).ToString();
        }
    }

    /// <summary>What each side says first.</summary>
    private static void ReadHello(byte[] bytes)
    {
        Message message = Decode(bytes);
        if (message.Operation is not null)
        {
            HelloRequest request = HelloRequest.FromMap(message.Map);
            _ = Handshake.Negotiate(request.Versions);
            return;
        }

        HelloAnswer answer = HelloAnswer.FromMap(message.Map);
        foreach (string address in answer.Addresses)
        {
            _ = PeerAddress.TryParse(address, out _);
        }
    }

    /// <summary>The body of one, and the text that it is in.</summary>
    private static void ReadInvitation(byte[] bytes)
    {
        string text = Invitation.Decode(bytes).ToText();
        if (Invitation.Parse(text).ToText() != text)
        {
            throw new InvalidOperationException("An invitation is another one when it is written and read again.");
        }
    }

    private static void ReadEnvelope(byte[] bytes)
    {
        if (bytes.Length is not 0 and <= KeyEnvelope.MaxBytes)
        {
            AssertStable(
                bytes,
                encoded => EnvelopeContent.Decode(new KeyEnvelope(encoded), "x"),
                content => content.Encode().Encoded.ToArray());
        }
    }

    /// <summary>
    /// What follows an authority's name in a list that it has signed: the rest is read only where the signature is
    /// right.
    /// </summary>
    private static void ReadRevocationContent(byte[] bytes) =>
        RevocationList.Read(RevocationAuthority.Value.Sign(bytes), [RevocationAuthority.Value.Certificate]);

    /// <summary>The first byte chooses the kind.</summary>
    private static void ReadRecord(byte[] bytes)
    {
        if (bytes.Length > 0)
        {
            RecordReaders[bytes[0] % RecordReaders.Length](bytes[1..]);
        }
    }

    /// <summary>A name and an address: what was taken is taken as it is.</summary>
    private static void ReadText(byte[] bytes)
    {
        string text;
        try
        {
            text = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return;
        }

        if (PeerAddress.TryParse(text, out PeerAddress? address) && PeerAddress.Parse(address.ToString()) != address)
        {
            throw new InvalidOperationException("An address is another one when it is written and read again.");
        }

        string name = FileName.Normalize(text);
        if (FileName.Normalize(name) != name)
        {
            throw new InvalidOperationException("A name changes when it is normalized again.");
        }
    }

    private static Message Decode(byte[] body)
    {
        MessageCodec.HeaderScan scan = default;
        return scan.TryFindEnd(body, body.Length, out MessageCodec.HeaderEnd end)
            ? MessageCodec.DecodeHeader(body.AsMemory(0, end.HeaderBytes))
            : throw new DfssException(DfssErrorCode.ProtocolViolation, "The header does not end.");
    }

    private static void AssertStable<T>(byte[] bytes, Func<ReadOnlyMemory<byte>, T> decode, Func<T, byte[]> encode)
    {
        byte[] written = encode(decode(bytes));
        if (!encode(decode(written)).AsSpan().SequenceEqual(written))
        {
            throw new InvalidOperationException(
                $"A {typeof(T).Name} is another one when it is written and read again.");
        }
    }
}
