using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>
/// A message that has arrived whole. The reader owns it, and disposes it to release the payload's memory and
/// what the message was charged.
/// </summary>
/// <param name="message">The message.</param>
/// <param name="payload">
/// The payload in pooled memory; null where it is nil, was received elsewhere, or was discarded.
/// </param>
/// <param name="payloadBytes">The payload's length; null for a nil payload.</param>
internal sealed class ReceivedMessage(Message message, Payload? payload, int? payloadBytes) : IDisposable
{
    public Message Message { get; } = message;

    /// <summary>The payload in pooled memory; null where it is nil, was received elsewhere, or was discarded.</summary>
    public Payload? Payload { get; private set; } = payload;

    /// <summary>The payload's length, wherever it went; null for a nil payload, 0 for an empty one.</summary>
    public int? PayloadBytes { get; } = payloadBytes;

    /// <summary>What the sender's share was charged for the header; null if nothing.</summary>
    public ReceiveCharge? HeaderCharge { get; init; }

    /// <summary>What the sender's share was charged for the payload; null if nothing.</summary>
    public ReceiveCharge? PayloadCharge { get; init; }

    /// <summary>Moves the payload out: the new owner disposes it, and disposing this message no longer does.</summary>
    public Payload? TakePayload()
    {
        Payload? taken = Payload;
        Payload = null;
        return taken;
    }

    /// <summary>Releases the payload's memory before the message itself is disposed.</summary>
    public void ReleasePayload()
    {
        Payload?.Dispose();
        PayloadCharge?.Dispose();
    }

    public void Dispose()
    {
        ReleasePayload();
        HeaderCharge?.Dispose();
    }
}
