using Dfss.Protocol;

namespace Dfss.Transfer;

/// <summary>The answer to one call of a copy, before it is sent.</summary>
/// <param name="Message">Its header.</param>
/// <param name="Payload">Its payload; null for nil.</param>
/// <param name="Owner">Owns the payload's memory; null for none.</param>
internal sealed record ItemAnswer(Message Message, ReadOnlyMemory<byte>? Payload, IDisposable? Owner) : IDisposable
{
    public void Dispose() => Owner?.Dispose();
}
