using System.Diagnostics;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The files behind a drive. PowerShell asks about the same path several times for one command, so answers are kept for
/// a second, unless a command of this process has run meanwhile, which may have changed them.
/// </summary>
/// <param name="client">The client; the store disposes it.</param>
/// <param name="messages">The warnings of the client.</param>
/// <param name="choice">The cluster of the client.</param>
internal sealed class DriveStore(DfssClient client, DriveMessages messages, ClusterChoice choice) : IAsyncDisposable
{
    /// <summary>20,000 files, some 20 MB: a larger listing is not kept.</summary>
    private const int MaxKeptFiles = 20_000;

    /// <summary>1,000: more names than one command asks about in a second are not kept.</summary>
    private const int MaxKeptItems = 1000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    /// <summary>30 s: what completion offers may be that old.</summary>
    private static readonly TimeSpan OfferLifetime = TimeSpan.FromSeconds(30);

    private static long changes;

    private readonly DriveQuestion question = new(client);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Answer> items = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource disposed = new();
    private (string Prefix, DriveTree Tree, Stamp Stamp)? listing;
    private Task background = Task.CompletedTask;
    private long? givenUp;
    private int closed;

    /// <summary>The client.</summary>
    internal DfssClient Client => client;

    /// <summary>The cluster of the client.</summary>
    internal ClusterChoice Choice => choice;

    /// <summary>The warnings of the client.</summary>
    internal DriveMessages Messages => messages;

    /// <summary>Notes that a command of this process may have changed what is stored.</summary>
    internal static void NoteChange() => Interlocked.Increment(ref changes);

    /// <summary>What is known of a name; null where the peers must be asked.</summary>
    internal DriveItem? FindKnown(string name)
    {
        if (FindListed(name) is { } tree)
        {
            return ItemOf(tree, name);
        }

        lock (gate)
        {
            return items.TryGetValue(name, out Answer? known) && known.Stamp.IsWithin(Lifetime) ? known.Item : null;
        }
    }

    /// <summary>A listing of the names with this beginning that was made just now; null where there is none.</summary>
    internal DriveTree? FindListed(string prefix)
    {
        lock (gate)
        {
            return listing is { } kept && prefix.StartsWith(kept.Prefix, StringComparison.Ordinal)
                && kept.Stamp.IsWithin(Lifetime) ? kept.Tree : null;
        }
    }

    /// <summary>
    /// A listing for completion: a new one if it comes at once, else one of a short while ago; else an empty one. The
    /// new one goes on in the background, and for a second no other call waits for it.
    /// </summary>
    /// <param name="prefix">The beginning of the names.</param>
    /// <param name="all">The beginning of all names of the drive, which are listed.</param>
    internal DriveTree Offer(string prefix, string all)
    {
        if (FindListed(prefix) is { } current)
        {
            return current;
        }

        Task running = BeginListingAsync(all);
        if (givenUp is not { } last || Stopwatch.GetElapsedTime(last) > Lifetime)
        {
            PipelineBridge.WaitFor(() => Task.WhenAny(running, Task.Delay(CompletionCall.MaxWait)));
            givenUp = running.IsCompleted ? null : Stopwatch.GetTimestamp();
        }

        lock (gate)
        {
            return listing is { } kept && prefix.StartsWith(kept.Prefix, StringComparison.Ordinal)
                && Stopwatch.GetElapsedTime(kept.Stamp.Time) <= OfferLifetime ? kept.Tree : new DriveTree([]);
        }
    }

    /// <summary>
    /// Asks the peers what a name is. A failure for which it has waited is kept too: the engine asks again at once.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="isSettled">
    /// Whether the answer is for a change; else that of a peer which lists the name is enough where others are silent.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task<DriveItem> FindAsync(string name, bool isSettled, CancellationToken cancellationToken)
    {
        Stamp stamp = Stamp.Now();
        try
        {
            ThrowIfJustFailed(name);
            DriveItem item = await question.AskAsync(name, isSettled, cancellationToken).ConfigureAwait(false);
            Keep(name, new Answer(item, Failure: null, stamp.Renewed()));
            return item;
        }
        catch (DfssException failure) when (Stopwatch.GetElapsedTime(stamp.Time) > Lifetime)
        {
            Keep(name, new Answer(Item: null, failure, stamp.Renewed()));
            throw;
        }
    }

    private void ThrowIfJustFailed(string name)
    {
        lock (gate)
        {
            if (items.TryGetValue(name, out Answer? known) && known.Stamp.IsWithin(Lifetime)
                && known.Failure is { } failure)
            {
                throw failure.Copy();
            }
        }
    }

    private void Keep(string name, Answer answer)
    {
        lock (gate)
        {
            if (items.Count >= MaxKeptItems)
            {
                items.Clear();
            }

            items[name] = answer;
        }
    }

    /// <summary>The current file of a name; null if there is none.</summary>
    internal Task<StoredFile?> TryGetAsync(string name, CancellationToken cancellationToken) =>
        question.TryGetAsync(name, cancellationToken);

    /// <summary>Lists the names with this beginning.</summary>
    /// <param name="prefix">The beginning.</param>
    /// <param name="seen">Called with the number of names so far.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="lacks">Called with the reason for all that the list may lack; null if it does not matter.</param>
    internal async Task<DriveTree> ListAsync(
        string prefix, Action<int>? seen, CancellationToken cancellationToken, Action<string>? lacks = null)
    {
        Stamp stamp = Stamp.Now();
        var files = new List<StoredFile>();
        await foreach (StoredFile file in client.ListAsync(
            prefix, lacks, cancellationToken).ConfigureAwait(false))
        {
            files.Add(file);
            seen?.Invoke(files.Count);
        }

        var tree = new DriveTree(files);
        lock (gate)
        {
            listing = tree.Count <= MaxKeptFiles ? (prefix, tree, stamp.Renewed()) : listing;
        }

        return tree;
    }

    /// <summary>Lists in the background, for completion; one listing at a time. It never fails.</summary>
    private Task BeginListingAsync(string prefix)
    {
        lock (gate)
        {
            if (background.IsCompleted)
            {
                background = Task.Run(() => TryListAsync(prefix), CancellationToken.None);
            }

            return background;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
        {
            return;
        }

        await disposed.CancelAsync().ConfigureAwait(false);
        await background.ConfigureAwait(false);
        await client.DisposeAsync().ConfigureAwait(false);
        disposed.Dispose();
    }

    /// <summary>What a name is in a listing.</summary>
    internal static DriveItem ItemOf(DriveTree tree, string name) =>
        new(tree.Find(name), tree.HasBelow(DriveQuestion.Below(name)));

    private async Task TryListAsync(string prefix)
    {
        try
        {
            await ListAsync(prefix, seen: null, disposed.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // While a user types no error is shown.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Trace.TraceInformation($"Nothing is offered for a path: {exception.Message}");
        }
    }

    /// <summary>What the peers answered about a name, or how that failed.</summary>
    private sealed record Answer(DriveItem? Item, DfssException? Failure, Stamp Stamp);

    /// <summary>When an answer was asked for, and which changes it can have.</summary>
    private readonly record struct Stamp(long Time, long Changes)
    {
        internal static Stamp Now() => new(Stopwatch.GetTimestamp(), Interlocked.Read(ref changes));

        /// <summary>Whether it is at most so old, and nothing has changed since.</summary>
        internal bool IsWithin(TimeSpan lifetime) =>
            Changes == Interlocked.Read(ref changes) && Stopwatch.GetElapsedTime(Time) <= lifetime;

        /// <summary>From now on, with the changes that were known when it was asked for.</summary>
        internal Stamp Renewed() => this with { Time = Stopwatch.GetTimestamp() };
    }
}
