namespace Dfss.Transfer;

/// <summary>
/// Asks all listed peers what a name is, and leaves those that do not answer as soon as another one lists it: for a
/// caller to whom the answer of one peer is enough.
/// </summary>
/// <param name="addresses">The listed peers.</param>
/// <param name="directory">All peers.</param>
/// <param name="options">How to transfer.</param>
internal sealed class NameProbe(
    IReadOnlyList<PeerAddress> addresses, PeerDirectory directory, TransferOptions options)
{
    // A listing warns of what it cannot read.
    private readonly TransferOptions silent = options with { Warning = null };

    /// <summary>
    /// What the name is. When a peer lists it, the others have a little longer, so that a newer decision of theirs
    /// counts.
    /// </summary>
    public async Task<FoundName> AskAsync(string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<ListedName>?[] answers = new IReadOnlyList<ListedName>?[addresses.Count];
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] asking = [.. addresses.Select(async (address, index) =>
            answers[index] = await AskAsync(address, name, leave.Token).ConfigureAwait(false))];
        await StragglerGrace.WaitAsync(
            asking, () => answers.Any(answer => answer?.Any(IsFile) == true), directory.Clock,
            cancellationToken).ConfigureAwait(false);
        await leave.CancelAsync().ConfigureAwait(false);
        await StragglerGrace.EndAsync(asking, cancellationToken).ConfigureAwait(false);

        ListedName[] found = [.. answers.SelectMany(answer => answer ?? [])
            .GroupBy(one => one.Newest.Record.Name, StringComparer.Ordinal)
            .Select(same => same.Aggregate((first, second) => first.With(second)))
            .Where(IsFile)];
        FileRecord? own = Array.Find(found, one => one.Newest.Record.Name == name)?.Newest.Record;
        return new FoundName(
            own is null
                ? null
                : new StoredFile(own with { State = FileRecordState.File, FormerHome = [] }, IsCurrent: false),
            Array.Exists(found, one => one.Newest.Record.Name != name));
    }

    private static bool IsFile(ListedName one) => one.Newest.Record.State != FileRecordState.Removed;

    /// <summary>
    /// What a peer lists of the name itself, and of the names below it, up to the first file; null if it fails.
    /// </summary>
    private async Task<IReadOnlyList<ListedName>?> AskAsync(
        PeerAddress address, string name, CancellationToken cancellationToken)
    {
        try
        {
            PeerHandle peer = await directory.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            List<ListedName> listed = [];
            var itself = new RecordPages(name, silent, lacks: null) { PageSize = 1 };
            await foreach (ListedName first in itself.ReadAsync(
                peer, after: null, cancellationToken).ConfigureAwait(false))
            {
                // The shortest name with the prefix comes first.
                listed.AddRange(first.Newest.Record.Name == name ? [first] : []);
                break;
            }

            var below = new RecordPages(name + '/', silent, lacks: null);
            await foreach (ListedName one in below.ReadAsync(
                peer, after: null, cancellationToken).ConfigureAwait(false))
            {
                listed.Add(one);
                if (IsFile(one))
                {
                    break;
                }
            }

            return listed;
        }
        catch (DfssException error)
        {
            options.Verbose?.Invoke(error.Reason);
            return null;
        }
    }
}
