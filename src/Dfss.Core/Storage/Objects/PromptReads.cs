using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// Registers in an engine of which reads fail before a client gives up. A client waits 5 s for a read, and would say
/// that the peer has stalled; so the peer says before that, that its engine has.
/// </summary>
/// <param name="records">The registers.</param>
/// <param name="address">Where the engine is, for the error.</param>
/// <param name="clock">The clock of the limit.</param>
internal sealed class PromptReads(IRecordStore records, string address, TimeProvider clock) : IRecordStore
{
    /// <summary>4.5 s: half a second is left for the way to the client.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(4.5);

    /// <inheritdoc/>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: all requests are reads, and the engine
    /// has not answered them in time.</exception>
    public async ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        if (!requests.All(request => request is ReadRequest))
        {
            return await records.AskAsync(requests, cancellationToken).ConfigureAwait(false);
        }

        using CancellationTokenSource limit = new(Limit, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        try
        {
            return await records.AskAsync(requests, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(
                DfssErrorCode.StoreFailed,
                FormattableString.Invariant(
                    $"The engine of the store '{address}' took more than {Limit.TotalSeconds} s for a read of names."),
                "Check that the engine is up and can be reached, then try again.", cause);
        }
    }

    /// <inheritdoc/>
    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        records.ListAsync(request, cancellationToken);
}
