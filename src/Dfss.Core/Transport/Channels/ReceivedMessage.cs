using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>
/// A message that has arrived whole. Whoever read it owns it, and disposes it to give its payload's memory back, and what it was charged.
/// </summary>
/// <param name="message">The message.</param>
/// <param name="payload">The payload in pooled memory; null where it is nil, was received elsewhere, or was discarded.</param>
/// <param name="payloadBytes">The payload's length; null for a nil payload.</param>
internal sealed class ReceivedMessage(Message message, Payload? payload, int? payloadBytes) : IDisposable
{
    public Message Message { get; } = message;

    /// <summary>The payload in pooled memory; null where it is nil, was received elsewhere, or was discarded.</summary>
    public Payload? Payload { get; private set; } = payload;

    /// <summary>The payload's length, wherever it went; null for a nil payload, 0 for an empty one.</summary>
    public int? PayloadBytes { get; } = payloadBytes;

    /// <summary>What the sender's share was charged for the header; null for nothing.</summary>
    public ReceiveCharge? HeaderCharge { get; init; }

    /// <summary>The same for the payload.</summary>
    public ReceiveCharge? PayloadCharge { get; init; }

    /// <summary>Takes the payload out: its new owner disposes it, and disposing this message no longer does.</summary>
    public Payload? TakePayload()
    {
        Payload? taken = Payload;
        Payload = null;
        return taken;
    }

    /// <summary>Gives the payload's memory back, before the message itself is done with.</summary>
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
