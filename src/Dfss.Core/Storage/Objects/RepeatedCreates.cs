namespace Dfss.Storage;

/// <summary>
/// An engine of which each create has an outcome or fails: one that was not answered, or by an error that says nothing
/// of it, is sent again after a growing pause, a few times. The same content under the same key, so it is the request
/// that a proxy may repeat too.
/// </summary>
/// <param name="inner">The engine.</param>
/// <param name="address">Where it is, for the error.</param>
/// <param name="clock">The clock of the pauses.</param>
internal sealed class RepeatedCreates(IObjectStore inner, string address, TimeProvider clock) : IObjectStore
{
    /// <summary>10 s: of requests that are not answered at all, few are sent.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    /// <returns>Never <see cref="CreateOutcome.Unknown"/>.</returns>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: it stays unknown.</exception>
    public async ValueTask<CreateOutcome> CreateAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RetryPolicy policy = RetryPolicy.Create;
        long begun = clock.GetTimestamp();
        for (int failures = 1; ; failures++)
        {
            CreateOutcome outcome = await inner.CreateAsync(key, content, cancellationToken).ConfigureAwait(false);
            if (outcome != CreateOutcome.Unknown)
            {
                return outcome;
            }

            if (failures == policy.Attempts || clock.GetElapsedTime(begun) >= Limit)
            {
                throw new DfssException(
                    DfssErrorCode.StoreFailed,
                    $"The engine of the store '{address}' does not say whether it has created '{key}': it was asked "
                        + $"{failures} times, and answered 409, 429 or 5xx, or not at all.",
                    "Check that the engine is up and takes writes, then run the command again.");
            }

            await Task.Delay(policy.PauseAfter(failures), clock, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.PutAsync(key, content, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken) =>
        inner.GetAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>?> GetAfreshAsync(string key, CancellationToken cancellationToken) =>
        inner.GetAfreshAsync(key, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> CopyAsync(string source, string destination, CancellationToken cancellationToken) =>
        inner.CopyAsync(source, destination, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListAsync(prefix, after, limit, cancellationToken);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        inner.DeleteAsync(key, cancellationToken);
}
