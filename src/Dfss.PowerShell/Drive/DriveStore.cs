using System.Collections.Concurrent;
using System.Diagnostics;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The files behind a drive. PowerShell asks about the same path several times for one command, so answers are kept for
/// a second, unless a command of this process has run meanwhile, which may have changed them. An incomplete answer is
/// not kept, so that what it lacks is never taken for missing.
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

    /// <summary>4: more reasons do not help to see what is wrong.</summary>
    private const int MaxReasons = 4;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    /// <summary>30 s: what completion offers may be that old.</summary>
    private static readonly TimeSpan OfferLifetime = TimeSpan.FromSeconds(30);

    private static long changes;

    private readonly Lock gate = new();
    private readonly Dictionary<string, (DriveItem Item, Stamp Stamp)> items = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource disposed = new();
    private (string Prefix, DriveTree Tree, bool IsComplete, Stamp Stamp)? listing;
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
            return items.TryGetValue(name, out var known) && known.Stamp.IsWithin(Lifetime) ? known.Item : null;
        }
    }

    /// <summary>
    /// A complete listing of the names with this beginning that was made just now; null where there is none.
    /// </summary>
    internal DriveTree? FindListed(string prefix)
    {
        lock (gate)
        {
            return listing is { IsComplete: true } kept && prefix.StartsWith(kept.Prefix, StringComparison.Ordinal)
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

    /// <summary>Asks the peers what a name is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isForChange">Whether it is an error that a majority for the name does not answer.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task<DriveItem> FindAsync(string name, bool isForChange, CancellationToken cancellationToken)
    {
        Stamp stamp = Stamp.Now();
        Task<StoredFile?> asked = TryGetAsync(name, cancellationToken);
        Task<(bool HasBelow, string? Lack)> asksBelow = HasBelowAsync(Below(name), cancellationToken);
        await Task.WhenAll(asked, asksBelow).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        (bool isFolder, string? lack) = await asksBelow.ConfigureAwait(false);
        StoredFile? file;
        try
        {
            file = await asked.ConfigureAwait(false);
        }
        catch (DfssException exception) when (
            isFolder && !isForChange && exception.Code == DfssErrorCode.NoMajority)
        {
            // That a name is a folder needs no vote: there are files below it.
            file = null;
            lack ??= exception.Reason;
        }
        catch (DfssException) when (isFolder && IsNotPermitted(asked))
        {
            file = null;
        }

        var item = new DriveItem(file, isFolder, lack);
        if (lack is null)
        {
            Keep(name, item, stamp);
        }

        return item;
    }

    private void Keep(string name, DriveItem item, Stamp stamp)
    {
        lock (gate)
        {
            if (items.Count >= MaxKeptItems)
            {
                items.Clear();
            }

            items[name] = (item, stamp.Renewed());
        }
    }

    /// <summary>The current file of a name; null if there is none.</summary>
    internal async Task<StoredFile?> TryGetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return FileName.TryNormalize(name, out string? normalized, out _)
                ? await client.GetAsync(normalized, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.FileNotFound)
        {
            return null;
        }
    }

    /// <summary>Whether the client may not ask about a name; it may see names below it all the same.</summary>
    internal static bool IsNotPermitted(Task asked) => CodeOf(asked) == DfssErrorCode.NotPermitted;

    /// <summary>Whether no majority has answered.</summary>
    internal static bool HasNoMajority(Task asked) => CodeOf(asked) == DfssErrorCode.NoMajority;

    /// <summary>Lists the names with this beginning.</summary>
    /// <param name="prefix">The beginning.</param>
    /// <param name="seen">Called with the number of names so far.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>The names, and why there may be more; null if there are not.</returns>
    internal async Task<(DriveTree Tree, string? Lack)> ListAsync(
        string prefix, Action<int>? seen, CancellationToken cancellationToken)
    {
        Stamp stamp = Stamp.Now();
        var files = new List<StoredFile>();
        var reasons = new ConcurrentQueue<string>();
        await foreach (StoredFile file in ListAsync(prefix, reasons, cancellationToken).ConfigureAwait(false))
        {
            files.Add(file);
            seen?.Invoke(files.Count);
        }

        var tree = new DriveTree(files);
        lock (gate)
        {
            listing = tree.Count <= MaxKeptFiles ? (prefix, tree, reasons.IsEmpty, stamp.Renewed()) : listing;
        }

        return (tree, Join(reasons));
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
    internal static DriveItem ItemOf(DriveTree tree, string name) => new(tree.Find(name), tree.HasBelow(Below(name)));

    private static string Below(string name) => name.Length == 0 ? name : name + '/';

    /// <summary>Whether names begin with this, and if not, why there may be some; null if there are none.</summary>
    private async Task<(bool HasBelow, string? Lack)> HasBelowAsync(string prefix, CancellationToken cancellationToken)
    {
        if (prefix.Length > 0 && !FileName.TryNormalize(prefix.TrimEnd('/'), out _, out _))
        {
            return (false, null);
        }

        var reasons = new ConcurrentQueue<string>();
        await foreach (StoredFile _ in ListAsync(prefix, reasons, cancellationToken).ConfigureAwait(false))
        {
            return (true, null);
        }

        return (false, Join(reasons));
    }

    /// <summary>
    /// Lists. Names that this client's certificate does not permit are no lack: for it there are none, and no change of
    /// it reaches them.
    /// </summary>
    private IAsyncEnumerable<StoredFile> ListAsync(
        string prefix, ConcurrentQueue<string> reasons, CancellationToken cancellationToken) =>
        client.ListAsync(prefix, reasons.Enqueue, hides: null, cancellationToken);

    private static DfssErrorCode? CodeOf(Task asked) => (asked.Exception?.InnerException as DfssException)?.Code;

    private static string? Join(ConcurrentQueue<string> reasons) => reasons.IsEmpty
        ? null
        : string.Join(' ', reasons.Distinct(StringComparer.Ordinal).Take(MaxReasons));

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
