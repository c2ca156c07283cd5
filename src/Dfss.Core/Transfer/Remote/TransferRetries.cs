using Polly;

namespace Dfss.Transfer;

/// <summary>
/// The pipelines of a client's operations on chunks, each tried again by a <see cref="RetryPolicy"/>.
/// </summary>
internal sealed class TransferRetries(TransferOptions options)
{
    /// <inheritdoc cref="RetryPolicy.ReadChunk"/>
    public ResiliencePipeline ReadChunk { get; } = RetryPolicy.ReadChunk(
        options.MaxAttempts,
        options.RetryDelay,
        error => options.Verbose?.Invoke(((DfssException)error).Reason + " Trying again.")).Build(options.TimeProvider);

    /// <inheritdoc cref="RetryPolicy.ReadCopy"/>
    public ResiliencePipeline ReadCopy { get; } = RetryPolicy.ReadCopy(options.RetryDelay).Build(options.TimeProvider);

    /// <inheritdoc cref="RetryPolicy.PutChunk"/>
    public ResiliencePipeline PutChunk { get; } = RetryPolicy.PutChunk(options.RetryDelay).Build(options.TimeProvider);
}
