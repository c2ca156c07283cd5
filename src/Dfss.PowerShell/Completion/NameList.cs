using System.Diagnostics;

namespace Dfss.Commands;

/// <summary>
/// Names that completion offers, with the versions of each. Listings and sends add what they see; a listing in the
/// background replaces all of it. Safe for use from many threads.
/// </summary>
#pragma warning disable CA1001 // The listing disposes its source when it ends.
internal sealed class NameList
#pragma warning restore CA1001
{
    /// <summary>200,000: some 30 MB of names of usual length.</summary>
    private const int MaxNames = 200_000;

    /// <summary>5 s: a user who presses Tab again and again causes few listings.</summary>
    private static readonly TimeSpan MinPause = TimeSpan.FromSeconds(5);

    /// <summary>30 s: 100,000 names take a few seconds; a peer that stands still is given up.</summary>
    private static readonly TimeSpan MaxListingTime = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private Dictionary<string, long[]> names = new(StringComparer.Ordinal);

    // What the listing that runs has seen; null while none runs.
    private Dictionary<string, long[]>? fresh;

    // What was removed since that listing began: a page that was read before may have it.
    private readonly HashSet<string> removed = new(StringComparer.Ordinal);
    private Task listing = Task.CompletedTask;
    private CancellationTokenSource? stop;
    private bool isStopped;
    private long? endedAt;
    private bool isListed;

    /// <summary>Whether a listing has succeeded; before, names may be missing.</summary>
    internal bool IsListed
    {
        get
        {
            lock (gate)
            {
                return isListed;
            }
        }
    }

    /// <summary>Adds a name, or replaces its versions.</summary>
    internal void Add(string name, long[] versions)
    {
        lock (gate)
        {
            removed.Remove(name);
            Put(name, versions);
        }
    }

    /// <summary>Removes a name.</summary>
    internal void Remove(string name)
    {
        lock (gate)
        {
            names.Remove(name);
            if (fresh is not null)
            {
                fresh.Remove(name);
                removed.Add(name);
            }
        }
    }

    /// <summary>The names that match, in ordinal order.</summary>
    internal string[] Find(Func<string, bool> isMatch)
    {
        lock (gate)
        {
            return [.. names.Keys.Where(isMatch).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>The versions of a name, the newest first; empty where it is unknown.</summary>
    internal long[] FindVersions(string name)
    {
        lock (gate)
        {
            return names.GetValueOrDefault(name, []);
        }
    }

    /// <summary>
    /// Begins to list in the background, unless a listing runs or has just ended. The task ends with the listing and
    /// never fails.
    /// </summary>
    /// <param name="list">Lists: calls the action with each name and its versions.</param>
    internal Task RefreshAsync(Func<Action<string, long[]>, CancellationToken, Task> list)
    {
        lock (gate)
        {
            if (fresh is null && (endedAt is not { } ended || Stopwatch.GetElapsedTime(ended) >= MinPause))
            {
                fresh = new Dictionary<string, long[]>(StringComparer.Ordinal);
                stop = new CancellationTokenSource(MaxListingTime);
                CancellationTokenSource limit = stop;
                listing = Task.Run(() => ListAsync(list, limit), CancellationToken.None);
            }

            return listing;
        }
    }

    /// <summary>Ends a listing that runs. It does not count as one: the next may begin at once.</summary>
    internal Task StopAsync()
    {
        lock (gate)
        {
            isStopped = stop is not null;
            return stop is null ? Task.CompletedTask : Task.WhenAll(stop.CancelAsync(), listing);
        }
    }

    private async Task ListAsync(
        Func<Action<string, long[]>, CancellationToken, Task> list, CancellationTokenSource limit)
    {
        bool isComplete = false;
        try
        {
            await list(AddListed, limit.Token).ConfigureAwait(false);
            isComplete = true;
        }
#pragma warning disable CA1031 // While a user types no error is shown; the names known before are offered.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Trace.TraceInformation($"No names could be listed for completion: {exception.Message}");
        }
        finally
        {
            lock (gate)
            {
                names = isComplete ? fresh! : names;
                isListed |= isComplete;
                fresh = null;
                removed.Clear();
                stop = null;
                endedAt = isStopped ? null : Stopwatch.GetTimestamp();
                isStopped = false;
            }

            limit.Dispose();
        }
    }

    private void AddListed(string name, long[] versions)
    {
        lock (gate)
        {
            if (!removed.Contains(name))
            {
                Put(name, versions);
            }
        }
    }

    private void Put(string name, long[] versions)
    {
        Put(names, name, versions);
        if (fresh is not null)
        {
            Put(fresh, name, versions);
        }
    }

    private static void Put(Dictionary<string, long[]> target, string name, long[] versions)
    {
        if (target.Count < MaxNames || target.ContainsKey(name))
        {
            target[name] = versions;
        }
    }
}
