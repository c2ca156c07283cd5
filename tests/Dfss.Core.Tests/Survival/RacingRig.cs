using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Three peers, two writers and two readers, each a process. In each round both writers send a content of their own
/// under one name at once, while the readers read and receive it; in the middle of it, or before, something goes wrong:
/// a peer or a writer is killed, links are cut, severed for some rounds, or slow. A name lives for some rounds; then
/// all is well again, it is read once more, and its history checked.
/// </summary>
internal sealed class RacingRig : IAsyncDisposable
{
    private const int PeerCount = 3;
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

    private readonly TemporaryFolder folder = new();
    private readonly Random random;
    private readonly PeerSettings settings;
    private readonly Task<PeerProcess>[] peers = new Task<PeerProcess>[PeerCount];
    private readonly List<RacingClient> clients = [];
    private readonly int[] ports = new int[PeerCount];
    private TaskCompletionSource fault = new();
    private int piecesLeft;
    private int names;
    private int files;
    private RacingHistory? history;

    private RacingRig(int seed, string? breach)
    {
        random = new Random(seed);
        settings = new PeerSettings { AdvertisedAddress = PeerGroup.Nowhere, Breach = breach };
    }

    /// <summary>The histories of the names that have ended.</summary>
    public List<RacingHistory> Histories { get; } = [];

    /// <summary>How often each kind of fault was made.</summary>
    public SortedDictionary<string, int> Faults { get; } = new(StringComparer.Ordinal);

    private IEnumerable<RacingClient> Writers => clients.Take(WriterCount);

    private IEnumerable<RacingClient> Readers => clients.Skip(WriterCount);

    /// <param name="seed">What all that is random follows from.</param>
    /// <param name="breach">Which rule the peers break (see <see cref="PeerSettings"/>); null for none.</param>
    public static async Task<RacingRig> StartAsync(int seed, string? breach = null)
    {
        RacingRig rig = new(seed, breach);
        for (int i = 0; i < PeerCount; i++)
        {
            rig.peers[i] = rig.StartPeerAsync(i);
            rig.ports[i] = (await rig.peers[i]).Port;
        }

        for (int i = 0; i < WriterCount + ReaderCount; i++)
        {
            rig.clients.Add(
                new RacingClient(rig.ports.Select(port => new PeerAddress("localhost", port)), rig.CountPiece));
        }

        return rig;
    }

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

        await Task.WhenAll(peers);
        clients.ForEach(client => client.Heal());
        await ReadAsync(clients[^1], isFresh: true, mustBeCurrent: true);
        Histories.Add(history);
        return rounds;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RacingClient client in clients)
        {
            await client.DisposeAsync();
        }

        foreach (Task<PeerProcess> peer in peers)
        {
            await (await peer).DisposeAsync();
        }

        folder.Dispose();
    }

    private async Task<PeerProcess> StartPeerAsync(int index) =>
        await PeerProcess.StartAsync(folder[$"store{index}"], ports[index], settings);

    private async Task RunRoundAsync()
    {
        Recover();
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

        await Task.WhenAll(racing);
        fault.TrySetResult();
        await failing;
    }

    /// <summary>A link that was severed or slow is well again after two rounds, on average.</summary>
    private void Recover()
    {
        foreach (RacingClient client in clients.Where(_ => random.Next(2) == 0))
        {
            client.Heal();
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
        FaultProxy link = client.Links[moment.Next(PeerCount)];
        switch (dice)
        {
            case < 15:
                Note("peer killed");
                int index = moment.Next(PeerCount);
                await using (PeerProcess peer = await peers[index])
                {
                    await peer.KillAsync();
                }

                peers[index] = StartPeerAsync(index);
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
                client.Links.ToList().ForEach(one => one.Sever());
                break;
            case < 75:
                Note("link slow");
                link.Delay = TimeSpan.FromMilliseconds(moment.Next(1, 20));
                break;
        }
    }

    private void Note(string kind) => Faults[kind] = Faults.GetValueOrDefault(kind) + 1;

    private SentFile MakeFile()
    {
        string name = $"source{files++}";
        return new SentFile(name, folder.CreateFile(name, random.Next(32, 200_000), random.Next()), ChunkSize);
    }

    /// <summary>
    /// Create-only, replace any, or replace the newest version that was heard of, which both may name.
    /// </summary>
    private WriteCondition PickCondition() => random.Next(3) switch
    {
        0 => WriteCondition.CreateOnly,
        1 => WriteCondition.ReplaceVersion(history!.NewestVersion),
        _ => WriteCondition.ReplaceAny,
    };

    private async Task WriteAsync(RacingClient client, SentFile file, WriteCondition condition, bool isFresh)
    {
        HistoryOperation operation = history!.CallWrite(file, condition);
        ClientAnswer? answer = await client.RunAsync(new ClientCommand
        {
            Operation = condition == WriteCondition.CreateOnly ? ClientOperation.Create : ClientOperation.Replace,
            IfVersion = condition.Version,
            Name = history.Name,
            Path = file.Path,
            ChunkSize = ChunkSize,
            IsFresh = isFresh,
        });
        history.ReturnWrite(operation, answer);
        File.Delete(file.Path);
    }

    /// <summary>Removes what it reads, where that is not replaced meanwhile.</summary>
    private async Task RemoveAsync(RacingClient client, bool isFresh)
    {
        ClientAnswer? answer = await ReadOnceAsync(client, isFresh);
        if (answer is not { Error: DfssErrorCode.None })
        {
            return;
        }

        HistoryOperation operation = history!.CallRemove(answer.Version);
        history.ReturnWrite(
            operation,
            await client.RunAsync(new ClientCommand { Operation = ClientOperation.Remove, Name = history.Name }));
    }

    private async Task<ClientAnswer?> ReadOnceAsync(RacingClient client, bool isFresh)
    {
        HistoryOperation operation = history!.CallRead();
        ClientAnswer? answer = await client.RunAsync(
            new ClientCommand { Operation = ClientOperation.Read, Name = history.Name, IsFresh = isFresh });
        history.ReturnRead(operation, answer);
        return answer;
    }

    private async Task ReadOftenAsync(RacingClient client, bool isFresh)
    {
        for (int i = 0; i < ReadsOfRound; i++)
        {
            await ReadAsync(client, isFresh, mustBeCurrent: false);
        }
    }

    private async Task ReadAsync(RacingClient client, bool isFresh, bool mustBeCurrent)
    {
        ClientAnswer answer = (await ReadOnceAsync(client, isFresh))!;
        if (answer.Error == DfssErrorCode.None)
        {
            string path = folder[$"received{clients.IndexOf(client)}"];
            ClientAnswer received = (await client.RunAsync(
                new ClientCommand { Operation = ClientOperation.Receive, Name = history!.Name, Path = path }))!;
            if (received.Error == DfssErrorCode.None)
            {
                history.NoteReceived(answer.FileId!, path);
            }

            mustBeCurrent &= received.Error != DfssErrorCode.None || !answer.IsCurrent;
            answer = received;
        }

        if (mustBeCurrent && answer.Error != DfssErrorCode.FileNotFound)
        {
            throw new InvalidOperationException(
                $"With all well again, '{history!.Name}' is not read: {answer.Error} {answer.Message}");
        }
    }
}
