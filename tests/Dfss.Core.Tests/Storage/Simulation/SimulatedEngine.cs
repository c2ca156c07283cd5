using Dfss.Storage;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>
/// An engine that promises what <see cref="IObjectStore"/> says, and no more: requests wait as long as the schedule
/// likes, are lost, lose their answers, are carried out late or twice, and a listing is no snapshot.
/// </summary>
internal sealed class SimulatedEngine(Random random)
{
    private readonly SortedDictionary<string, (ReadOnlyMemory<byte> Content, int Modified)> objects =
        new(StringComparer.Ordinal);
    private readonly List<EngineCall> calls = [];
    private readonly List<EngineCall> late = [];
    private readonly HashSet<string> everWritten = new(StringComparer.Ordinal);
    private readonly int lateRate = 1 << random.Next(3, 9);
    private readonly int holdRate = 1 << random.Next(3, 8);
    private readonly int faultRate = 1 << random.Next(5, 10);
    private readonly int thread = Environment.CurrentManagedThreadId;
    private int ticks;

    /// <summary>Whether requests and answers are lost, late or repeated.</summary>
    public bool IsFaulty { get; set; }

    /// <summary>Whether there is anything to do.</summary>
    public bool IsBusy => calls.Count > 0;

    public Action<string, ReadOnlyMemory<byte>> OnCreated { get; set; } = (_, _) => { };

    public Action<string> OnDeleted { get; set; } = _ => { };

    public IEnumerable<string> Keys => objects.Keys;

    public IObjectStore For(EngineActor actor) => new EngineClient(this, actor);

    public Task<object?> Begin(EngineCall call)
    {
        if (Environment.CurrentManagedThreadId != thread)
        {
            throw new InvalidOperationException(
                "The schedule has left its thread, so it does not follow from its seed.");
        }

        if (!call.Actor.IsDead)
        {
            calls.Add(call);
        }

        return call.Task;
    }

    /// <summary>Takes one request of an actor that is not frozen one step on.</summary>
    public void Step(int now)
    {
        ticks = now;
        if (late.Count > 0 && random.Next(lateRate) == 0)
        {
            ExecuteLate();
            return;
        }

        int index = random.Next(calls.Count);
        for (int i = 0; i < calls.Count && IsHeld(calls[index]); i++)
        {
            index = (index + 1) % calls.Count;
        }

        EngineCall call = calls[index];
        int fault = IsFaulty ? random.Next(faultRate) : int.MaxValue;
        switch (call.Stage)
        {
            case CallStage.Sent when fault == 0:
                Remove(index);
                FailCall(call);
                break;
            case CallStage.Sent when fault == 1:
                // The caller gives up; the request is still under way.
                late.Add(call);
                Remove(index);
                FailCall(call);
                break;
            case CallStage.Sent when call.Request == EngineRequest.List:
                call.Stage = CallStage.Sampling;
                call.HeldUntil = ChooseHold(EngineRequest.List);
                break;
            case CallStage.Sent or CallStage.Sampling:
                Execute(call);
                call.Stage = CallStage.Executed;
                if (fault is 2 or 3 && !IsOnce(call))
                {
                    late.Add(call);
                }

                break;
            case CallStage.Executed when fault == 0:
                Remove(index);
                FailCall(call);
                break;
            default:
                Remove(index);
                call.Answer();
                break;
        }
    }

    /// <summary>An actor has stopped for good: of what it sent, some is carried out later.</summary>
    public void Drop(EngineActor actor)
    {
        for (int i = calls.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(calls[i].Actor, actor))
            {
                if (calls[i].Stage == CallStage.Sent && random.Next(2) == 0)
                {
                    late.Add(calls[i]);
                }

                Remove(i);
            }
        }
    }

    /// <summary>Carries out all that is late.</summary>
    public void Drain()
    {
        while (late.Count > 0)
        {
            ExecuteLate();
        }
    }

    private static void FailCall(EngineCall call)
    {
        if (call.Request == EngineRequest.Create)
        {
            call.Result = CreateOutcome.Unknown;
            call.Answer();
        }
        else
        {
            call.Fail(new DfssException(DfssErrorCode.StoreFailed, "The engine gave no answer."));
        }
    }

    private bool IsHeld(EngineCall call) => Math.Max(call.HeldUntil, call.Actor.FrozenUntil) > ticks;

    /// <summary>What others overtake with the most effect.</summary>
    private int ChooseHold(EngineRequest request)
    {
        int rate = request is EngineRequest.Create or EngineRequest.Get or EngineRequest.Delete
            ? Math.Max(holdRate / 4, 3)
            : holdRate;
        return random.Next(rate) == 0 ? ticks + (1 << random.Next(3, 11)) : 0;
    }

    /// <summary>A put of a chunk is carried out once, or never.</summary>
    private static bool IsOnce(EngineCall call) =>
        call.Request == EngineRequest.Put && call.Key.StartsWith(ObjectKeys.Chunks, StringComparison.Ordinal);

    private void ExecuteLate()
    {
        int index = random.Next(late.Count);
        EngineCall call = late[index];
        late[index] = late[^1];
        late.RemoveAt(late.Count - 1);
        if (call.Request is not EngineRequest.Get and not EngineRequest.List)
        {
            Execute(call);
        }
    }

    private void Remove(int index)
    {
        calls[index] = calls[^1];
        calls.RemoveAt(calls.Count - 1);
    }

    private void Execute(EngineCall call) => call.Result = call.Request switch
    {
        EngineRequest.Create => Create(call),
        EngineRequest.Put => Write(call),
        EngineRequest.Get => objects.TryGetValue(call.Key, out var stored) ? stored.Content : (object?)null,
        EngineRequest.List => List(call),
        _ => Delete(call.Key),
    };

    private CreateOutcome Create(EngineCall call)
    {
        if (objects.ContainsKey(call.Key))
        {
            return CreateOutcome.Exists;
        }

        Write(call);
        return CreateOutcome.Created;
    }

    private object? Write(EngineCall call)
    {
        if (IsOnce(call) && !everWritten.Add(call.Key) && !ReusesKeys)
        {
            throw new InvalidOperationException($"'{call.Key}' was written twice.");
        }

        objects[call.Key] = (call.Content, ticks);
        Touch(call.Key);
        OnCreated(call.Key, call.Content);
        return null;
    }

    /// <summary>Whether incarnations get the same key again: a rule that a mutation breaks.</summary>
    public bool ReusesKeys { get; init; }

    private object? Delete(string key)
    {
        if (objects.Remove(key))
        {
            Touch(key);
            OnDeleted(key);
        }

        return null;
    }

    private void Touch(string key)
    {
        foreach (EngineCall call in calls)
        {
            if (call.Stage == CallStage.Sampling && key.StartsWith(call.Key, StringComparison.Ordinal))
            {
                call.Changed.Add(key);
            }
        }
    }

    private List<ObjectEntry> List(EngineCall call)
    {
        // Those that changed are there or not, whatever the others are.
        HashSet<string> shown = [.. call.Changed.Where(_ => random.Next(2) == 0)];
        IEnumerable<string> keys = objects.Keys.SkipWhile(key => string.CompareOrdinal(key, call.Key) < 0)
            .TakeWhile(key => key.StartsWith(call.Key, StringComparison.Ordinal))
            .Where(key => !call.Changed.Contains(key));
        if (shown.Count > 0)
        {
            keys = keys.Concat(shown).Order(StringComparer.Ordinal);
        }

        return
        [
            .. keys.Where(key => call.After is null || string.CompareOrdinal(key, call.After) > 0).Take(call.Limit)
                .Select(key => objects.TryGetValue(key, out var stored)
                    ? new ObjectEntry(key, stored.Content.Length, DateTimeOffset.UnixEpoch.AddSeconds(stored.Modified))
                    : new ObjectEntry(key, 0, DateTimeOffset.UnixEpoch)),
        ];
    }

    /// <summary>The engine as one actor sees it.</summary>
    private sealed class EngineClient(SimulatedEngine engine, EngineActor actor) : IObjectStore
    {
        public async ValueTask<CreateOutcome> CreateAsync(
            string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            (CreateOutcome)(await SendAsync(EngineRequest.Create, key, content).ConfigureAwait(false))!;

        public async ValueTask PutAsync(
            string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            await SendAsync(EngineRequest.Put, key, content).ConfigureAwait(false);

        public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken) =>
            (ReadOnlyMemory<byte>?)await SendAsync(EngineRequest.Get, key, default).ConfigureAwait(false);

        public async ValueTask<bool> CopyAsync(string source, string destination, CancellationToken cancellationToken)
        {
            if (await GetAsync(source, cancellationToken).ConfigureAwait(false) is not { } content)
            {
                return false;
            }

            await PutAsync(destination, content, cancellationToken).ConfigureAwait(false);
            return true;
        }

        public async ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
            string prefix, string? after, int limit, CancellationToken cancellationToken) =>
            (IReadOnlyList<ObjectEntry>)(await engine.Begin(
                new EngineCall(actor, EngineRequest.List, prefix, default)
                {
                    After = after,
                    Limit = limit,
                    HeldUntil = engine.ChooseHold(EngineRequest.List)
                })
                .ConfigureAwait(false))!;

        public async ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
            await SendAsync(EngineRequest.Delete, key, default).ConfigureAwait(false);

        private Task<object?> SendAsync(EngineRequest request, string key, ReadOnlyMemory<byte> content) =>
            engine.Begin(
                new EngineCall(actor, request, key, content) { HeldUntil = engine.ChooseHold(request) });
    }
}
