namespace Dfss.Transport;

/// <summary>Where the payload of a message that has just begun to arrive goes.</summary>
/// <param name="Destination">Memory of at least the payload's length; null for none.</param>
/// <param name="IsDiscarded">Whether the payload is received and forgotten.</param>
internal readonly record struct PayloadTarget(Memory<byte>? Destination, bool IsDiscarded)
{
    /// <summary>A buffer from the channel's pool.</summary>
    public static PayloadTarget Pooled => default;

    /// <summary>Nowhere: nobody wants it any more.</summary>
    public static PayloadTarget Discarded => new(Destination: null, IsDiscarded: true);

    /// <summary>Straight into the caller's memory.</summary>
    public static PayloadTarget Into(Memory<byte> destination) => new(destination, IsDiscarded: false);
}
