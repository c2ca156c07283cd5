using Dfss.Tests.Records.Simulation;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>What a schedule is mostly about.</summary>
internal enum ScheduleKind
{
    /// <summary>Everything.</summary>
    Mixed,

    /// <summary>One name, changes without chunks, and old states deleted all the time.</summary>
    Registers,

    /// <summary>Files, and garbage collected all the time.</summary>
    Chunks,
}

/// <summary>
/// One random schedule of a store of objects: peers of one bucket, clients and collectors, each of which stops between
/// any two requests, for any time or for good; and an engine that loses, delays and repeats what it may. All follows
/// from the seed. Every history must be linearizable, and every chunk of every record must be there.
/// </summary>
internal sealed class BucketSchedule
{
    private const int MaxEvents = 3000;

    private readonly Random random;
    private readonly BucketMutation mutation;
    private readonly SimulatedEngine engine;
    private readonly BucketWatch watch;
    private readonly string[] names;
    private readonly BucketPeer[] peers;
    private readonly BucketPeer?[] collectors;
    private readonly List<BucketClient> clients = [];
    private int operationsLeft;
    private int running;
    private int events;
    private int ticks;
    private Exception? failure;

    public BucketSchedule(int seed, BucketMutation mutation)
    {
        random = new Random(seed);
        this.mutation = mutation;
        engine = new SimulatedEngine(random) { ReusesKeys = mutation == BucketMutation.SameIncarnation };
        watch = new BucketWatch(engine);
        Kind = (ScheduleKind)random.Next(3);
        names = Kind != ScheduleKind.Registers && random.Next(2) == 0 ? ["a", "b"] : ["a"];
        peers = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => NewPeer())];
        collectors = new BucketPeer?[random.Next(1, 4)];
        operationsLeft = random.Next(4, Kind == ScheduleKind.Registers ? 20 : 14);
    }

    public ScheduleKind Kind { get; }

    public List<HistoryOperation> History { get; } = [];

    public int Deletions => watch.Deletions;

    public int Revivals => watch.Revivals;

    public bool IsFaulty => engine.IsFaulty;

    public int Tick() => ++ticks;

    public Guid NewGuid()
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    public BucketPeer ChoosePeer() => peers[random.Next(peers.Length)];

    /// <summary>Something failed in a way that no fault of the engine explains.</summary>
    public void Fail(Exception exception) => failure ??= exception;

    /// <summary>Runs it; returns null, or the violation.</summary>
    public string? Run()
    {
        engine.IsFaulty = random.Next(4) != 0;
        int count = random.Next(Kind == ScheduleKind.Registers ? 2 : 1, 4);
        for (int i = 0; i < count; i++)
        {
            AddClient(() => operationsLeft-- > 0 ? names[random.Next(names.Length)] : null, isReadOnly: false);
        }

        while (running > 0 && events < MaxEvents && Problem is null)
        {
            RandomEvent();
        }

        return Problem ?? Heal() ?? names.Select(Check).FirstOrDefault(problem => problem is not null);
    }

    private string? Problem => watch.Violation ?? failure?.ToString();

    private BucketPeer NewPeer() => new(engine, mutation, NewGuid);

    private void AddClient(Func<string?> nextName, bool isReadOnly)
    {
        BucketClient client = new(this, random);
        clients.Add(client);
        Start(client.RunAsync(nextName, isReadOnly));
    }

    private void Start(Task task)
    {
        running++;
        _ = EndAsync(task);

        async Task EndAsync(Task started)
        {
            try
            {
                await started.ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                Fail(exception);
            }

            running--;
        }
    }

    private void RandomEvent()
    {
        events++;
        int dice = random.Next(400);
        if (dice < (Kind == ScheduleKind.Mixed ? 12 : 20))
        {
            Collect(random.Next(collectors.Length));
        }
        else if (dice < 26)
        {
            ChooseActor().FrozenUntil = events + (1 << random.Next(3, 10));
        }
        else if (dice == 26 && engine.IsFaulty)
        {
            int index = random.Next(peers.Length);
            (BucketPeer former, peers[index]) = (peers[index], NewPeer());
            Kill(former);
        }
        else if (dice == 27 && engine.IsFaulty)
        {
            int index = random.Next(collectors.Length);
            if (collectors[index] is { } stopped)
            {
                collectors[index] = null;
                Kill(stopped);
            }
        }
        else if (dice == 28 && random.Next(3) == 0)
        {
            clients[random.Next(clients.Count)].Kill();
        }
        else if (engine.IsBusy)
        {
            engine.Step(events);
        }
    }

    private EngineActor ChooseActor()
    {
        BucketPeer[] all = [.. peers, .. collectors.OfType<BucketPeer>()];
        return all[random.Next(all.Length)].Actor;
    }

    private void Collect(int index)
    {
        if (collectors[index] is null)
        {
            BucketPeer collector = collectors[index] = NewPeer();
            _ = RunAsync(collector, Kind == ScheduleKind.Registers || random.Next(3) == 0);
        }

        async Task RunAsync(BucketPeer collector, bool trims)
        {
            try
            {
                await collector.CollectAsync(trims).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                Fail(exception);
            }

            collectors[index] = null;
        }
    }

    private void Kill(BucketPeer peer)
    {
        engine.Drop(peer.Actor);
        peer.Actor.Kill();
    }

    /// <summary>All faults are over: every name can be read, and nothing remains that no register needs.</summary>
    private string? Heal()
    {
        engine.IsFaulty = false;
        clients.ForEach(client => client.Kill());
        Array.ForEach(peers, Kill);
        Array.ForEach([.. collectors.OfType<BucketPeer>()], Kill);
        engine.Drain();
        for (int i = 0; i < peers.Length; i++)
        {
            peers[i] = NewPeer();
        }

        running = 0;
        Queue<string> left = new(names);
        AddClient(() => left.TryDequeue(out string? name) ? name : null, isReadOnly: true);
        Finish();
        for (int i = 0; i < 4; i++)
        {
            Start(NewPeer().CollectAsync(trims: i % 2 == 0));
            Finish();
        }

        return Problem ?? watch.FindExcess();
    }

    private void Finish()
    {
        for (int i = 0; (running > 0 || engine.IsBusy) && Problem is null; i++)
        {
            if (!engine.IsBusy || i > MaxEvents)
            {
                Fail(new InvalidOperationException("The end of a schedule does not end."));
                return;
            }

            engine.Step(++events);
        }
    }

    private string? Check(string name)
    {
        HistoryOperation[] operations = [.. History.Where(operation => operation.Name == name)];
        return operations[^1].Outcome != HistoryOutcome.Done ? $"the last read of '{name}' is not current"
            : LinearizabilityChecker.IsLinearizable(operations) ? null
            : $"'{name}' is not linearizable:\n{string.Join('\n', operations)}";
    }
}
