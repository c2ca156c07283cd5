namespace Dfss.Transport;

/// <summary>The destination of the payload of a message that has begun to arrive.</summary>
/// <param name="Destination">Memory of at least the payload's length; null for pooled memory or none.</param>
/// <param name="IsDiscarded">Whether the payload is received and discarded.</param>
internal readonly record struct PayloadTarget(Memory<byte>? Destination, bool IsDiscarded)
{
    /// <summary>A buffer from the channel's pool.</summary>
    public static PayloadTarget Pooled => default;

    /// <summary>The payload is read and discarded: no caller waits for it.</summary>
    public static PayloadTarget Discarded => new(Destination: null, IsDiscarded: true);

    /// <summary>Directly into the caller's memory.</summary>
    public static PayloadTarget Into(Memory<byte> destination) => new(destination, IsDiscarded: false);
}
