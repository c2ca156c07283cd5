using Dfss.Protocol;

namespace Dfss.Peers;

/// <summary>The answer to one request, before it is written. The writer disposes it.</summary>
/// <param name="results">The results.</param>
/// <param name="pooled">
/// The payload in pooled memory, now owned by the answer; null if there is none, or it is <paramref name="bytes"/>.
/// </param>
/// <param name="bytes">A small payload outside of pooled memory; null for none.</param>
internal sealed class RequestAnswer(
    MessageMap results, AnswerPayload? pooled = null, byte[]? bytes = null) : IDisposable
{
    public static RequestAnswer Empty => new(MessageMap.Empty);

    public MessageMap Results { get; } = results;

    /// <summary>Whether its payload is in memory of an <see cref="AnswerMemory"/>.</summary>
    public bool IsPooled => pooled is not null;

    /// <summary>The bytes of its payload outside of pooled memory.</summary>
    public int OwnBytes => bytes?.Length ?? 0;

    /// <summary>
    /// Its memory as <see cref="AnswerMemory.CountAsync"/> has counted it; null if it is not counted.
    /// </summary>
    public AnswerPayload? Counted { get; set; }

    /// <summary>Null for nil, which is not the same as empty. (Without the casts, a null array would become an empty
    /// payload.)</summary>
    public ReadOnlyMemory<byte>? Payload => pooled is not null
        ? (ReadOnlyMemory<byte>?)pooled.Memory
        : bytes is not null ? (ReadOnlyMemory<byte>?)bytes : null;

    public void Dispose()
    {
        pooled?.Dispose();
        Counted?.Dispose();
    }
}
