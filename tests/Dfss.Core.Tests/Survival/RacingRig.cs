using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Some peers, two writers and two readers, each a process. In each round both writers send a content of their own
/// under one name at once, while the readers read and receive it; in the middle of it, or before, something goes wrong:
/// a peer or a writer is killed, links are cut, severed for some rounds, or slow. Peers of one store are stopped for
/// some rounds too, and in each round one of them collects garbage. A name lives for some rounds; then all is well
/// again, it is read once more, and its history checked.
/// </summary>
internal sealed partial class RacingRig : IAsyncDisposable
{
    private const int WriterCount = 2;
    private const int ReaderCount = 2;

    /// <summary>
    /// So that a name has fewer than the 64 operations that the checker takes: at most 2 writes and 6 reads a round.
    /// </summary>
    private const int MaxRoundsOfName = 7;
    private const int ReadsOfRound = 2;

    /// <summary>A content is one or two chunks, files and rows.</summary>
    private const int ChunkSize = 128 << 10;

    /// <summary>Some 200 pieces pass in a round; the fault comes before one of them, or after the round.</summary>
    private const int MaxPieces = 250;

    private readonly TemporaryFolder folder;
    private readonly Random random;
    private readonly RacingPeers peers;
    private readonly List<RacingClient> clients = [];
    private TaskCompletionSource fault = new();
    private int piecesLeft;
    private int names;
    private int files;
    private RacingHistory? history;

    private RacingRig(int seed, TemporaryFolder folder, RacingPeers peers)
    {
        random = new Random(seed);
        this.folder = folder;
        this.peers = peers;
        for (int i = 0; i < WriterCount + ReaderCount; i++)
        {
            clients.Add(new RacingClient(peers.Addresses, CountPiece, first: i % peers.Count));
        }
    }

    /// <summary>The histories of the names that have ended.</summary>
    public List<RacingHistory> Histories { get; } = [];

    /// <summary>How often each kind of fault was made.</summary>
    public SortedDictionary<string, int> Faults { get; } = new(StringComparer.Ordinal);

    private IEnumerable<RacingClient> Writers => clients.Take(WriterCount);

    private IEnumerable<RacingClient> Readers => clients.Skip(WriterCount);

    /// <summary>How many operations of all histories ended so.</summary>
    public int Count(HistoryOutcome outcome, bool isRead) =>
        Histories.Sum(history => history.Count(outcome, isRead));

    /// <summary>What was done, in lines.</summary>
    public string Report(int rounds) => string.Join('\n', [
        $"{rounds} rounds, {Histories.Count} names",
        .. Enum.GetValues<HistoryOutcome>().Select(outcome =>
            $"{outcome}: {Count(outcome, isRead: false)} writes, {Count(outcome, isRead: true)} reads"),
        string.Join(", ", Faults.Select(pair => $"{pair.Key}: {pair.Value}")),
        .. peers.AreOneStore ? new[] { $"collections: {peers.Collections}" } : [],
        $"bytes by peer: {string.Join(", ", Enumerable.Range(0, peers.Count).Select(
            index => clients.Sum(client => client.Links[index].PassedBytes)))}",
    ]);

    /// <summary>Among three peers with a store each.</summary>
    /// <param name="seed">What all that is random follows from.</param>
    /// <param name="breach">Which rule the peers break (see <see cref="PeerSettings"/>); null for none.</param>
    public static async Task<RacingRig> StartAsync(int seed, string? breach = null)
    {
        TemporaryFolder folder = new();
        return new RacingRig(seed, folder, await RacingPeers.StartAsync(
            3, index => folder[$"store{index}"], new PeerSettings { Breach = breach }));
    }

    /// <summary>Among peers of one store, which are disposed with the rig.</summary>
    public static RacingRig StartAmong(RacingPeers peers, int seed) => new(seed, new TemporaryFolder(), peers);

    /// <summary>Races under one new name.</summary>
    /// <param name="maxRounds">At most so many rounds.</param>
    /// <returns>How many rounds it were.</returns>
    public async Task<int> RaceAsync(int maxRounds)
    {
        int rounds = Math.Min(maxRounds, random.Next(1, MaxRoundsOfName + 1));
        history = new RacingHistory($"name{names++}");
        for (int i = 0; i < rounds; i++)
        {
            await RunRoundAsync();
        }

        await peers.ReadyAsync();
        await peers.ContinueAsync();
        clients.ForEach(client => client.Heal());
        await ReadAsync(clients[^1], isFresh: true, mustBeCurrent: true);
        Histories.Add(history);
        return rounds;
    }

    /// <summary>
    /// At each peer garbage is collected, and a client that knows it alone reads each name once more and receives it;
    /// the reads are in the histories.
    /// </summary>
    public async Task ReadAllAsync()
    {
        for (int i = 0; i < peers.Count; i++)
        {
            await peers.CollectWholeAsync(i, CancellationToken.None);
            await using RacingClient client = new([peers.Addresses.ElementAt(i)], onPassing: () => { });
            foreach (RacingHistory ended in Histories)
            {
                history = ended;
                await ReadAsync(client, isFresh: true, mustBeCurrent: true);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RacingClient client in clients)
        {
            await client.DisposeAsync();
        }

        await peers.DisposeAsync();
        folder.Dispose();
    }

    private async Task RunRoundAsync()
    {
        await RecoverAsync();
        fault = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        piecesLeft = random.Next(MaxPieces);
        // Drawn before anything runs, so that a seed gives the same round again, as far as the machine's threads do.
        Task failing = FailAsync(random.Next(100), new Random(random.Next()));
        List<Task> racing = [];
        foreach (RacingClient writer in Writers)
        {
            SentFile file = MakeFile();
            bool isFresh = random.Next(2) == 0;
            racing.Add(
                random.Next(6) == 0
                    ? RemoveAsync(writer, isFresh)
                    : WriteAsync(writer, file, PickCondition(), isFresh));
        }

        foreach (RacingClient reader in Readers)
        {
            racing.Add(ReadOftenAsync(reader, isFresh: random.Next(2) == 0));
        }

        using CancellationTokenSource ended = new();
        Task collecting = peers.AreOneStore
            ? peers.CollectAsync(random.Next(peers.Count), ended.Token)
            : Task.CompletedTask;
        await Task.WhenAll(racing);
        fault.TrySetResult();
        await failing;
        await ended.CancelAsync();
        await collecting;
    }

    /// <summary>
    /// A link that was severed or slow is well again after two rounds, on average, and a peer that was stopped goes on.
    /// </summary>
    private async Task RecoverAsync()
    {
        if (peers.Stopped.Count > 0 && random.Next(2) == 0)
        {
            await peers.ContinueAsync();
        }

        foreach (RacingClient client in clients.Where(_ => random.Next(2) == 0))
        {
            client.Heal();
            client.SeverFrom(peers.Stopped);
        }
    }

    private void CountPiece()
    {
        if (Interlocked.Decrement(ref piecesLeft) <= 0)
        {
            fault.TrySetResult();
        }
    }

    private async Task FailAsync(int dice, Random moment)
    {
        await fault.Task;
        RacingClient client = clients[moment.Next(clients.Count)];
        FaultProxy link = client.Links[moment.Next(peers.Count)];
        int index = moment.Next(peers.Count);
        switch (dice)
        {
            case < 15:
                Note("peer killed");
                await peers.KillAsync(index);
                break;
            case < 30:
                Note("writer killed");
                await clients[moment.Next(WriterCount)].KillAsync();
                break;
            case < 45:
                Note("link cut");
                link.Cut();
                break;
            case < 60:
                Note("link severed");
                link.Sever();
                break;
            case < 65:
                Note("client severed from all");
                client.SeverFrom(Enumerable.Range(0, peers.Count));
                break;
            case < 75:
                Note("link slow");
                link.Delay = TimeSpan.FromMilliseconds(moment.Next(1, 20));
                break;
            case >= 75 when peers.AreOneStore:
                Note("peer stopped");
                await peers.StopAsync(index);
                // It answers no client for as long, and need not be waited for.
                clients.ForEach(one => one.SeverFrom(peers.Stopped));
                break;
        }
    }

    private void Note(string kind) => Faults[kind] = Faults.GetValueOrDefault(kind) + 1;
}
