using System.Text;

namespace Dfss.Storage;

/// <summary>
/// Finds out whether an engine keeps what <see cref="IObjectStore"/> says. Engines exist that accept the condition of
/// a create and ignore it, or check it and then write, so that two racing writers both succeed.
/// </summary>
/// <param name="racers">The engine over connections that are independent of each other; two or more.</param>
/// <param name="newId">Gives 16 random bytes for the keys of a round.</param>
internal sealed class EngineProbe(IReadOnlyList<IObjectStore> racers, Func<Guid> newId)
{
    /// <summary>How often the racers race at the start of a peer.</summary>
    public const int DefaultRounds = 20;

    private const int MaxTries = 20;

    // By bytes of UTF-8, of which UTF-16 has the last two the other way round.
    private static readonly string[] Ordered = ["a!", "a/", "b", "\uFF5E", "\U0001F600"];

    /// <summary>Races, reads and lists.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: the engine does not keep it; the
    /// message says what was seen. Or it gave no answer.</exception>
    public async Task RunAsync(int rounds, CancellationToken cancellationToken)
    {
        for (int i = 0; i < rounds; i++)
        {
            string key = $"{ObjectKeys.Probes}{newId():N}";
            await RaceAsync(key, cancellationToken).ConfigureAwait(false);
            await DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }

        await ListInOrderAsync(cancellationToken).ConfigureAwait(false);
    }

    private static byte[] ContentOf(int racer) => Encoding.UTF8.GetBytes($"racer {racer}");

    private static DfssException Refuse(string seen) => new(
        DfssErrorCode.StoreFailed,
        $"The engine cannot hold the registers of a store: {seen}",
        "Use an engine whose PUT with If-None-Match: * is atomic, and whose reads and listings show every earlier "
            + "write.");

    private async Task RaceAsync(string key, CancellationToken cancellationToken)
    {
        TaskCompletionSource start = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool>[] racing = [.. racers.Select((_, i) => CreateAsync(i, key, start.Task, cancellationToken))];
        start.SetResult();
        bool[] won = await Task.WhenAll(racing).ConfigureAwait(false);
        if (won.Count(one => one) is not 1 and int winners)
        {
            throw Refuse($"of {racers.Count} racing writers that create one object, {winners} succeeded.");
        }

        byte[] written = ContentOf(Array.IndexOf(won, true));
        foreach (IObjectStore racer in racers)
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

        if (await racers[^1].CreateAsync(key, written, cancellationToken).ConfigureAwait(false)
            == CreateOutcome.Created)
        {
            throw Refuse("an object was created that was there.");
        }
    }

    /// <summary>Whether this racer has created the object. Without an answer it reads back, and tries again.</summary>
    private async Task<bool> CreateAsync(int racer, string key, Task start, CancellationToken cancellationToken)
    {
        IObjectStore objects = racers[racer];
        byte[] own = ContentOf(racer);
        // Opens the connections before the race.
        await objects.GetAsync(key, cancellationToken).ConfigureAwait(false);
        await start.ConfigureAwait(false);
        for (int i = 0; i < MaxTries; i++)
        {
            CreateOutcome outcome = await objects.CreateAsync(key, own, cancellationToken).ConfigureAwait(false);
            if (outcome == CreateOutcome.Created)
            {
                return true;
            }

            if (await objects.GetAsync(key, cancellationToken).ConfigureAwait(false) is { } read)
            {
                return outcome == CreateOutcome.Unknown && read.Span.SequenceEqual(own);
            }

            if (outcome == CreateOutcome.Exists)
            {
                throw Refuse("a writer was told that an object exists, and did not find it.");
            }
        }

        throw Refuse($"{MaxTries} times a create had no answer.");
    }

    private async Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        await racers[0].DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        foreach (IObjectStore racer in racers)
        {
            if (await IsListedAsync(racer, key, cancellationToken).ConfigureAwait(false)
                || await racer.GetAsync(key, cancellationToken).ConfigureAwait(false) is not null)
            {
                throw Refuse("an object was shown right after it had been deleted.");
            }
        }
    }

    private async Task ListInOrderAsync(CancellationToken cancellationToken)
    {
        string prefix = $"{ObjectKeys.Probes}{newId():N}/";
        string[] keys = [.. Ordered.Select(name => prefix + name)];
        foreach (string key in keys)
        {
            await racers[0].PutAsync(key, ContentOf(0), cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<ObjectEntry> listed =
            await racers[^1].ListAsync(prefix, after: null, limit: 1000, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ObjectEntry> later =
            await racers[^1].ListAsync(prefix, keys[1], limit: 2, cancellationToken).ConfigureAwait(false);
        foreach (string key in keys)
        {
            await racers[0].DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }

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
