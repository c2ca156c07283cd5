using System.Runtime.ExceptionServices;
using System.Text;

namespace Dfss.Storage;

/// <summary>
/// Finds out whether an engine keeps what <see cref="IObjectStore"/> says. Engines exist that accept the condition of
/// a create and ignore it, or check it and then write, so that two racing writers both succeed.
/// </summary>
/// <remarks>
/// Five rounds run one after the other in each of four lanes, and the racers of a round ask at the same time: a probe
/// waits for the engine some 50 times, and sends some 1,150 requests.
/// </remarks>
/// <param name="racers">The engine over connections that are independent of each other; two or more.</param>
/// <param name="newId">Gives 16 random bytes for the keys of a round.</param>
/// <param name="clock">The clock of the pauses.</param>
internal sealed class EngineProbe(IReadOnlyList<IObjectStore> racers, Func<Guid> newId, TimeProvider clock)
{
    /// <summary>How often the racers race at the start of a peer.</summary>
    public const int DefaultRounds = 20;

    private const int Lanes = 4;

    // By bytes of UTF-8, of which UTF-16 has the last three another way round; and XML does not have U+FFFF.
    private static readonly string[] Ordered = ["a!", "a/", "b", "\uFF5E", "\uFFFF", "\U0001F600"];

    /// <summary>Called at the begin, and whenever the engine has answered a step of the probe.</summary>
    public Action? Progressed { get; init; }

    /// <summary>Races, reads and lists.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: the engine does not keep it; the
    /// message says what was seen. Or it gave no answer.</exception>
    public async Task RunAsync(int rounds, CancellationToken cancellationToken)
    {
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        int begun = 0;
        DfssException? refused = null;
        Progressed?.Invoke();
        Task[] lanes = [.. Enumerable.Range(0, Math.Min(Lanes, rounds)).Select(_ => RunLaneAsync())];
        try
        {
            await Task.WhenAll(lanes).ConfigureAwait(false);
        }
        catch (Exception) when (Volatile.Read(ref refused) is { } first)
        {
            // Not what another lane says that was cancelled.
            ExceptionDispatchInfo.Throw(first);
        }

        await ListInOrderAsync(cancellationToken).ConfigureAwait(false);
        Progressed?.Invoke();

        async Task RunLaneAsync()
        {
            while (Interlocked.Increment(ref begun) <= rounds)
            {
                try
                {
                    await RunRoundAsync(failing.Token).ConfigureAwait(false);
                }
                catch (DfssException exception)
                {
                    // One lane says what is wrong; the others end.
                    Interlocked.CompareExchange(ref refused, exception, null);
                    await failing.CancelAsync().ConfigureAwait(false);
                    throw;
                }
            }
        }
    }

    private static byte[] ContentOf(int racer) => Encoding.UTF8.GetBytes($"racer {racer}");

    private static DfssException Refuse(string seen) => new(
        DfssErrorCode.StoreFailed,
        $"The engine cannot hold the registers of a store: {seen}",
        "Use an engine whose PUT with If-None-Match: * is atomic, and whose reads and listings show every earlier "
            + "write.");

    private async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        string key = $"{ObjectKeys.Probes}{newId():N}";
        byte[] written = await RaceAsync(key, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(racers.Select(racer => LookAsync(racer, key, written, cancellationToken)))
            .ConfigureAwait(false);
        if (await racers[^1].CreateAsync(key, written, cancellationToken).ConfigureAwait(false)
            == CreateOutcome.Created)
        {
            throw Refuse("an object was created that was there.");
        }

        Progressed?.Invoke();
        await racers[0].DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(racers.Select(racer => LookForDeletedAsync(racer, key, cancellationToken)))
            .ConfigureAwait(false);
        Progressed?.Invoke();
    }

    /// <summary>The content of the racer that has created the object.</summary>
    private async Task<byte[]> RaceAsync(string key, CancellationToken cancellationToken)
    {
        // Opens the connections before the race.
        await Task.WhenAll(racers.Select(racer => racer.GetAsync(key, cancellationToken).AsTask()))
            .ConfigureAwait(false);
        Progressed?.Invoke();
        TaskCompletionSource start = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool>[] racing = [.. racers.Select((_, i) => CreateAsync(i, key, start.Task, cancellationToken))];
        start.SetResult();
        bool[] won = await Task.WhenAll(racing).ConfigureAwait(false);
        return won.Count(one => one) is not 1 and int winners
            ? throw Refuse($"of {racers.Count} racing writers that create one object, {winners} succeeded.")
            : ContentOf(Array.IndexOf(won, true));
    }

    /// <summary>Whether this racer has created the object. Without an answer it reads back, and tries again.</summary>
    private async Task<bool> CreateAsync(int racer, string key, Task start, CancellationToken cancellationToken)
    {
        RetryPolicy policy = RetryPolicy.Create;
        IObjectStore objects = racers[racer];
        byte[] own = ContentOf(racer);
        await start.ConfigureAwait(false);
        for (int failures = 1; ; failures++)
        {
            CreateOutcome outcome = await objects.CreateAsync(key, own, cancellationToken).ConfigureAwait(false);
            Progressed?.Invoke();
            if (outcome == CreateOutcome.Created)
            {
                return true;
            }

            if (await objects.GetAsync(key, cancellationToken).ConfigureAwait(false) is { } read)
            {
                // It may exist by this very request, which something between has sent twice.
                return read.Span.SequenceEqual(own);
            }

            if (outcome == CreateOutcome.Exists)
            {
                throw Refuse("a writer was told that an object exists, and did not find it.");
            }

            if (failures == policy.Attempts)
            {
                throw Refuse($"{failures} times a create had no answer.");
            }

            await Task.Delay(policy.PauseAfter(failures), clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task LookAsync(
        IObjectStore racer, string key, byte[] written, CancellationToken cancellationToken)
    {
        if (await racer.GetAsync(key, cancellationToken).ConfigureAwait(false) is not { } read)
        {
            throw Refuse("an object was not found right after it had been written.");
        }

        if (!read.Span.SequenceEqual(written))
        {
            throw Refuse("an object does not have what the writer wrote that had created it.");
        }

        if (!await IsListedAsync(racer, key, cancellationToken).ConfigureAwait(false))
        {
            throw Refuse("a listing lacked an object right after it had been written.");
        }
    }

    private static async Task LookForDeletedAsync(IObjectStore racer, string key, CancellationToken cancellationToken)
    {
        if (await IsListedAsync(racer, key, cancellationToken).ConfigureAwait(false)
            || await racer.GetAsync(key, cancellationToken).ConfigureAwait(false) is not null)
        {
            throw Refuse("an object was shown right after it had been deleted.");
        }
    }

    private async Task ListInOrderAsync(CancellationToken cancellationToken)
    {
        string prefix = $"{ObjectKeys.Probes}{newId():N}/";
        string[] keys = [.. Ordered.Select(name => prefix + name)];
        await Task.WhenAll(keys.Select(key => ObjectRequests.RepeatPutAsync(
            () => racers[0].PutAsync(key, ContentOf(0), cancellationToken), Progressed, clock, cancellationToken)
            .AsTask())).ConfigureAwait(false);
        IReadOnlyList<ObjectEntry> listed =
            await racers[^1].ListAsync(prefix, after: null, limit: 1000, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ObjectEntry> later =
            await racers[^1].ListAsync(prefix, keys[1], limit: 2, cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(keys.Select(key => racers[0].DeleteAsync(key, cancellationToken).AsTask()))
            .ConfigureAwait(false);
        if (!listed.Select(entry => entry.Key).SequenceEqual(keys)
            || !later.Select(entry => entry.Key).SequenceEqual(keys[2..4]))
        {
            throw Refuse("a listing is not in the order of the bytes of the keys, or not whole.");
        }
    }

    private static async Task<bool> IsListedAsync(
        IObjectStore racer, string key, CancellationToken cancellationToken) =>
        (await racer.ListAsync(key, after: null, limit: 1, cancellationToken).ConfigureAwait(false)).Count > 0;
}
