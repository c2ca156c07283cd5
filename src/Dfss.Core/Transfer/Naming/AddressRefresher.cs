using System.Collections.Concurrent;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Brings the addresses that peers have now into the record of a file that a client has read. Best effort: it takes
/// little time, gives way to every other writer, and leaves the record as it is where the client may not write it.
/// </summary>
internal sealed class AddressRefresher(TransferOptions options)
{
    /// <summary>
    /// 2 s: three rounds of small requests, at peers that have just answered. A read waits no longer than this.
    /// </summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    // The homes at which a refresh failed, each as one text of its stores: it would fail there for other files too, and
    // each would wait.
    private readonly ConcurrentDictionary<string, bool> failed = new(StringComparer.Ordinal);

    /// <summary>Does so where a member was reached at none of its recorded addresses; no error is thrown.</summary>
    /// <param name="read">The record as it was read.</param>
    /// <param name="home">Its home, as far as it was reached.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async Task RefreshAsync(FileRecord read, Home home, CancellationToken cancellationToken)
    {
        if (home.IsReadOnly || home.FindReaddressed(read).Count == 0)
        {
            return;
        }

        string stores = string.Join(' ', read.Home.Select(member => $"{member.StoreId}").Order(StringComparer.Ordinal));
        if (failed.ContainsKey(stores))
        {
            return;
        }

        using CancellationTokenSource limit = new(Limit, options.TimeProvider);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            limit.Token, cancellationToken);
        try
        {
            await RefreshAsync(read.Name, home, either.Token).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            if (error.Code != DfssErrorCode.Conflict)
            {
                failed[stores] = true;
            }

            options.Verbose?.Invoke($"The record of '{read.Name}' keeps old addresses of its peers: {error.Reason}");
        }
        catch (OperationCanceledException)
        {
            failed[stores] = true;
            options.Verbose?.Invoke(
                $"The record of '{read.Name}' keeps old addresses of its peers: these did not answer in time.");
        }
    }

    private async Task RefreshAsync(string name, Home home, CancellationToken cancellationToken)
    {
        // Another reader may have done it meanwhile, and the file may be another one by now.
        (RegisterReader reader, RegisterDriver driver, home) = await new RecordReader(options).FollowAsync(
            name, home, cancellationToken).ConfigureAwait(false);
        if (!reader.IsCurrent
            || reader.Result is not { Record: { State: FileRecordState.File } current, Ballot: var decidedAt }
            || home.FindReaddressed(current).Count == 0)
        {
            return;
        }

        if (driver.HasMemberWithoutVote)
        {
            // The store would get its vote again without the chunks that it lost, and the warning would end.
            return;
        }

        RecordWriter writer = RecordWriter.Refresh(home, current, options, givesWayAfter: decidedAt);
        await writer.PrepareAsync(cancellationToken).ConfigureAwait(false);
        if (!writer.HasMemberWithoutVote)
        {
            await writer.CommitAsync(
                RecordWriter.Same, static _ => RecordWriter.NoSeals, cancellationToken).ConfigureAwait(false);
        }
    }
}
