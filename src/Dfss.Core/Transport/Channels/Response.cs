using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>
/// A peer's answer with status 0. The caller owns it, and disposes it to release its payload's memory.
/// </summary>
/// <param name="results">The results.</param>
/// <param name="payload">The payload in pooled memory, if any; the response becomes its owner.</param>
/// <param name="direct">The payload in the caller's own memory, if any.</param>
internal sealed class Response(MessageMap results, Payload? payload, ReadOnlyMemory<byte> direct) : IDisposable
{
    public MessageMap Results { get; } = results;

    /// <summary>
    /// The payload, empty for nil; valid until this is disposed, or as long as the caller's own destination is valid.
    /// </summary>
    public ReadOnlyMemory<byte> Payload => payload?.Memory ?? direct;

    /// <summary>The payload's length.</summary>
    public int PayloadLength => Payload.Length;

    public void Dispose() => payload?.Dispose();
}
