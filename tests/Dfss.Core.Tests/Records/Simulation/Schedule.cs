using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <summary>One random schedule: members, clients, and a network that loses, duplicates, delays and reorders messages;
/// both crash, and garbage is collected at any moment. All follows from the seed. No majority of the members is lost
/// for good, so every history must be linearizable, and every chunk of the record chosen last must be on the disks of
/// as many members as were promised.</summary>
internal sealed partial class Schedule
{
    private readonly Random random;
    private readonly SimulatedMember[] members;
    private readonly SimulatedClient[] clients;
    private readonly string[] names;
    private readonly List<Message> messages = [];
    private readonly List<Message> unanswered = [];
    private readonly ChosenRecords chosen;
    private readonly int faults;
    private int operationsLeft;
    private int ticks;

    public Schedule(int seed, Mutation mutation, Hazard hazard = Hazard.None)
    {
        random = new Random(seed);
        Mutation = mutation;
        names = random.Next(3) == 0 ? ["a", "b"] : ["a"];
        this.hazard = hazard;
        smallestHome = hazard == Hazard.None ? 1 : 3;
        int firstHome = random.Next(smallestHome, 6);
        members = [.. Enumerable.Range(0, firstHome + (hazard == Hazard.None ? random.Next(4) : 0))
            .Select(index => new SimulatedMember(names, IdOf(index), mutation, this))];
        FirstHome = new RecordHome(Describe([.. Enumerable.Range(0, firstHome)]), HomeEpoch.Original);
        clients = [.. Enumerable.Range(0, random.Next(2, 6)).Select(_ => new SimulatedClient(this, random))];
        chosen = new ChosenRecords(members);
        operationsLeft = random.Next(3, 15);
        faults = random.Next(4);
        stricken = random.Next(members.Length);
    }

    public Mutation Mutation { get; }

    public RecordHome FirstHome { get; }
    public List<HistoryOperation> History { get; } = [];

    /// <summary>How many records were chosen: a check that something happens.</summary>
    public int ChosenCount => chosen.Count;

    public int MoveCount => chosen.MoveCount;

    public Guid NewGuid()
    {
        byte[] bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    /// <summary>Candidates for a move: any members, some of which may be in the name's home.</summary>
    public int[] ChooseHome()
    {
        int[] all = [.. Enumerable.Range(0, members.Length)];
        random.Shuffle(all);
        return all[..random.Next(smallestHome, Math.Min(members.Length, 5) + 1)];
    }

    public static IReadOnlyList<HomeMember> Describe(int[] indexes) =>
        [.. indexes.Select(index => new HomeMember(IdOf(index), []))];

    public static int[] IndexesOf(IReadOnlyList<HomeMember> members) =>
        [.. members.Select(member => (int)member.StoreId!.Value.ToByteArray()[^1])];

    public static IReadOnlyList<StoreId?> StoresOf(int[] indexes) =>
        [.. indexes.Select(index => (StoreId?)IdOf(index))];

    public int Tick() => ++ticks;

    /// <summary>Runs it; returns null, or the violation. 1,000 events are about 9 operations among 2-3 clients and
    /// their rounds.</summary>
    public string? Run()
    {
        for (int i = 0; i < 1000 && chosen.Violation is null; i++)
        {
            RandomEvent();
        }

        Heal();
        foreach (string name in names)
        {
            RunAlone(client => client.Begin(name, isReadOnly: true));
        }

        return chosen.Violation ?? names.Select(Check).FirstOrDefault(problem => problem is not null);
    }

    public void Send(SimulatedClient client, int member, RegisterRequest request) =>
        Post(
            new Message(client, client.Epoch, member, request, RecordCodec.Encode(request), Chunk: 0, IsAnswer: false));

    public void SendPut(SimulatedClient client, int member, int chunk) =>
        Post(new Message(client, client.Epoch, member, Request: null, Body: null, chunk, IsAnswer: false));

    /// <summary>Asks whether a member has a chunk, which is put only if it does.</summary>
    public void SendQuestion(SimulatedClient client, int member, int chunk) =>
        Post(
            new Message(client, client.Epoch, member, Request: null, Body: null, chunk, IsAnswer: false)
            {
                IsQuestion = true,
            });

    private static StoreId IdOf(int index)
    {
        byte[] bytes = new byte[StoreId.SizeBytes];
        bytes[0] = 1;
        bytes[^1] = (byte)index;
        return new StoreId(bytes);
    }

    private void Post(Message message)
    {
        messages.Add(message);
        unanswered.Add(message);
    }

    private void RandomEvent()
    {
        int dice = random.Next(100);
        if (dice < 64)
        {
            DeliverAny();
        }
        else if (dice < 88)
        {
            StepClient(clients[random.Next(clients.Length)]);
        }
        else if (dice < 93)
        {
            members[random.Next(members.Length)].CollectGarbage();
            chosen.CheckChunks("a collection of garbage");
        }
        else if (hazard != Hazard.None && random.Next(2) == 0)
        {
            Strike();
        }
        else if (faults > 0 && random.Next(4) < faults)
        {
            Fault();
        }
    }

    private void Fault()
    {
        SimulatedMember member = members[random.Next(members.Length)];
        switch (random.Next(10))
        {
            case 0 when member.IsUp:
                member.Crash();
                chosen.CheckChunks("a crash");
                break;
            case 1 or 2 or 3:
                member.Restart();
                break;
            case 4 when messages.Count > 0:
                messages.RemoveAt(random.Next(messages.Count));
                break;
            case 5 when messages.Count > 0:
                messages.Add(messages[random.Next(messages.Count)]);
                break;
            case 6 when random.Next(4) == 0:
                clients[random.Next(clients.Length)].Crash();
                break;
            case > 6 when unanswered.Count > 0:
                TimeOut(random.Next(unanswered.Count));
                break;
        }
    }

    private void StepClient(SimulatedClient client)
    {
        if (!client.IsIdle)
        {
            client.Step();
        }
        else if (operationsLeft > 0)
        {
            operationsLeft--;
            client.Begin(names[random.Next(names.Length)], isReadOnly: false);
        }
    }

    private void DeliverAny()
    {
        if (messages.Count > 0)
        {
            // Old messages are as likely as new ones: any delay, any order.
            int index = random.Next(messages.Count);
            Message message = messages[index];
            messages[index] = messages[^1];
            messages.RemoveAt(messages.Count - 1);
            Deliver(message);
        }
    }

    private void Deliver(Message message)
    {
        if (message.IsAnswer)
        {
            unanswered.RemoveAll(sent => ReferenceEquals(sent.Client, message.Client) && sent.Epoch == message.Epoch
                && sent.Member == message.Member && ReferenceEquals(sent.Request, message.Request)
                && sent.Chunk == message.Chunk);
            Report(message, isAnswered: true);
        }
        else if (Reach(message.Member) is { IsUp: true } member)
        {
            byte[]? answer = null;
            if (message is { Request: null, IsQuestion: true })
            {
                message = message with { IsAbsent = !member.Has(message.Chunk) };
            }
            else if (message.Request is null)
            {
                member.Put(message.Chunk);
            }
            else
            {
                if (hazard != Hazard.None && message.Request is DecideRequest decide)
                {
                    chosen.NoteDecision(decide);
                }

                answer = member.Handle(message.Request, message.Body!);
                if (!IsUnnoticed(member))
                {
                    chosen.Note(message.Member, message.Request, answer);
                }
            }

            messages.Add(message with { Body = answer, IsAnswer = true });
        }
    }

    private void TimeOut(int index)
    {
        Message message = unanswered[index];
        unanswered.RemoveAt(index);
        Report(message with { Body = null }, isAnswered: false);
    }

    private static void Report(Message message, bool isAnswered)
    {
        if (message.Client.Epoch != message.Epoch)
        {
            return;
        }

        if (message.Request is null)
        {
            message.Client.OnPut(message.Member, message.Chunk, isAnswered && !message.IsAbsent);
        }
        else
        {
            message.Client.OnReply(message.Member, message.Request, message.Body);
        }
    }

    /// <summary>A request, or a put of a chunk where there is no request, or the answer to one.</summary>
    private sealed record Message(
        SimulatedClient Client, int Epoch, int Member, RegisterRequest? Request, byte[]? Body, int Chunk,
        bool IsAnswer)
    {
        /// <summary>Whether a member is asked for a chunk, in place of a put.</summary>
        public bool IsQuestion { get; init; }

        /// <summary>Of an answer: the member does not have the chunk.</summary>
        public bool IsAbsent { get; init; }
    }
}
