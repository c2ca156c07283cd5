using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>A message that has arrived whole. Whoever read it owns it, and disposes it to give its payload's memory back.</summary>
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

    /// <summary>Takes the payload out: its new owner disposes it, and disposing this message no longer does.</summary>
    public Payload? TakePayload()
    {
        Payload? taken = Payload;
        Payload = null;
        return taken;
    }

    public void Dispose() => Payload?.Dispose();
}
