using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>One request to a peer.</summary>
/// <param name="Operation">One of <see cref="Operations"/>.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Payload">Its payload; null for nil. Not to be changed until the call has returned.</param>
/// <param name="Destination">Where the answer's payload goes; null for pooled memory.</param>
/// <param name="IsBulk">Whether the payload, or the expected answer's, is over 64 KiB: it then goes over the connection for bulk.</param>
internal readonly record struct PeerCall(
    string Operation, MessageMap Arguments, ReadOnlyMemory<byte>? Payload, Memory<byte>? Destination, bool IsBulk);
