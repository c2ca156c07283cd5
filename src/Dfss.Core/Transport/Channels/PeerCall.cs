using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>One request to a peer.</summary>
/// <param name="Operation">One of <see cref="Operations"/>.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Payload">Its payload; null for nil. The caller must not change it until the call has returned.</param>
/// <param name="Destination">The destination of the answer's payload; null for pooled memory.</param>
/// <param name="IsBulk">
/// Whether the payload of the request or of the expected answer is over 64 KiB: the call then uses the bulk connection.
/// </param>
internal readonly record struct PeerCall(
    string Operation, MessageMap Arguments, ReadOnlyMemory<byte>? Payload, Memory<byte>? Destination, bool IsBulk);
