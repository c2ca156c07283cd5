using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

public sealed class EngineProbeTests
{
    private const int Racers = 8;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_engine_in_memory_passes_the_probe()
    {
        await using ObjectEngine engine = ObjectEngine.InMemory();
        await ProbeAsync(engine);
    }

    [Fact]
    public async Task The_fake_passes_the_probe()
    {
        await using ObjectEngine engine = ObjectEngine.OnFake();
        await ProbeAsync(engine, rounds: 4);
    }

    [Fact]
    public async Task A_real_engine_passes_the_probe()
    {
        await using ObjectEngine engine = await ObjectEngine.OnRealAsync();
        await ProbeAsync(engine);
    }

    [Theory]
    [InlineData(FakeS3Quirk.IgnoresCondition, "racing writers that create one object, 8 succeeded")]
    [InlineData(FakeS3Quirk.ChecksBeforeItWrites, "racing writers that create one object")]
    [InlineData(FakeS3Quirk.ListsLate, "listing")]
    public async Task The_probe_refuses_an_engine_and_says_what_was_seen(FakeS3Quirk quirk, string seen)
    {
        await using ObjectEngine engine = ObjectEngine.OnFake(quirk);
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => ProbeAsync(engine));
        Assert.Equal(DfssErrorCode.StoreFailed, refused.Code);
        Assert.Contains(seen, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FakeS3Fault.Conflict)]
    [InlineData(FakeS3Fault.LosesAnswer)]
    [InlineData(FakeS3Fault.LosesRequest)]
    [InlineData(FakeS3Fault.InternalError)]
    public async Task The_probe_accepts_an_engine_of_which_creates_fail_now_and_then(FakeS3Fault fault)
    {
        int creates = 0;
        await using FakeS3 fake = new();
        fake.Fault = request => request.Headers.ContainsKey("If-None-Match")
            && Interlocked.Increment(ref creates) % 3 == 1 ? fault : FakeS3Fault.None;
        S3ObjectStore[] racers = [.. Enumerable.Range(0, Racers).Select(_ => ObjectEngine.Connect(fake))];
        await new EngineProbe(racers, Guid.NewGuid, TimeProvider.System).RunAsync(rounds: 3, Token);
        Array.ForEach(racers, racer => racer.Dispose());
        Assert.InRange(creates, 3 * Racers, int.MaxValue);
    }

    [Fact]
    public async Task The_probe_accepts_an_engine_behind_a_proxy_that_sends_a_create_twice()
    {
        MemoryObjects objects = new() { RepeatsCreates = true };
        await new EngineProbe([.. Enumerable.Repeat(objects, Racers)], Guid.NewGuid, TimeProvider.System)
            .RunAsync(rounds: 3, Token);
    }

    [Fact]
    public async Task An_engine_that_answers_no_create_is_asked_a_few_times_with_pauses()
    {
        MemoryObjects objects = new() { IsUndecided = true };
        FakeTimeProvider clock = new();
        DateTimeOffset begun = clock.GetUtcNow();
        Task probing = new EngineProbe([.. Enumerable.Repeat(objects, Racers)], Guid.NewGuid, clock)
            .RunAsync(rounds: 1, Token);
        while (!probing.IsCompleted)
        {
            Token.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => probing);
        Assert.Contains("10 times a create had no answer", refused.Message, StringComparison.Ordinal);
        Assert.InRange(objects.Creates, 10, 10 * Racers);
        Assert.InRange(clock.GetUtcNow() - begun, TimeSpan.FromSeconds(3), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task The_racers_look_for_the_object_at_the_same_time()
    {
        MemoryObjects objects = new();
        // Answers lists only when all racers have asked for one: one after the other they would wait for good.
        MeetingLists meeting = new(objects, Racers);
        await new EngineProbe([.. Enumerable.Repeat(meeting, Racers)], Guid.NewGuid, TimeProvider.System)
            .RunAsync(rounds: 5, Token).WaitAsync(TimeSpan.FromMinutes(2), Token);
        Assert.Equal(5 * 2, meeting.Meetings);
    }

    [Fact]
    public async Task What_is_wrong_is_told_and_not_what_a_lane_says_that_ended_for_it()
    {
        TwoRefusals refusing = new(new MemoryObjects());
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => new EngineProbe([refusing, refusing], Guid.NewGuid, TimeProvider.System).RunAsync(rounds: 2, Token));
        Assert.Equal("What is wrong.", refused.Message);
    }

    [Fact]
    public async Task The_probe_tells_that_it_begins_and_each_create()
    {
        MemoryObjects objects = new() { IsUndecided = true };
        QuickPauses clock = new();
        int steps = 0;
        EngineProbe probe = new([objects, objects], Guid.NewGuid, clock)
        {
            Progressed = () => Interlocked.Increment(ref steps),
        };
        await Assert.ThrowsAsync<DfssException>(() => probe.RunAsync(rounds: 1, Token));
        // Two racers with ten attempts each, after the begin and the connections.
        Assert.Equal((20, 2 + 20), (objects.Creates, steps));
    }

    [Fact]
    public async Task The_probe_accepts_an_engine_that_is_too_busy_for_a_put_now_and_then()
    {
        FailingPuts busy = new(new MemoryObjects(), failures: 2);
        QuickPauses clock = new();
        await new EngineProbe([busy, busy], Guid.NewGuid, clock).RunAsync(rounds: 1, Token);
        Assert.Equal((8, 6), (busy.Keys.Count, busy.Keys.Distinct(StringComparer.Ordinal).Count()));
        Assert.Equal(2, clock.Pauses.Count);
    }

    private static Task ProbeAsync(ObjectEngine engine, int rounds = EngineProbe.DefaultRounds) => new EngineProbe(
        [.. Enumerable.Range(0, Racers).Select(_ => engine.Connect())], Guid.NewGuid, TimeProvider.System)
        .RunAsync(rounds, Token);

    /// <summary>Two lanes: of the first the engine says, once it is cancelled, that it gave no answer; of the second
    /// what is wrong.</summary>
    private sealed class TwoRefusals(IObjectStore inner) : RelayedObjects(inner)
    {
        private string? first;

        public override async ValueTask<ReadOnlyMemory<byte>?> GetAsync(
            string key, CancellationToken cancellationToken)
        {
            first ??= key;
            if (key != first)
            {
                throw new DfssException(DfssErrorCode.StoreFailed, "What is wrong.");
            }

            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // As a connection fails that is closed.
            }

            throw new DfssException(DfssErrorCode.StoreFailed, "No answer.");
        }
    }

    private sealed class MeetingLists(IObjectStore inner, int racers) : RelayedObjects(inner)
    {
        private readonly Dictionary<string, (int Count, TaskCompletionSource All)> waiting =
            new(StringComparer.Ordinal);

        public int Meetings { get; private set; }

        public override async ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
            string prefix, string? after, int limit, CancellationToken cancellationToken)
        {
            // The list of several keys in order is asked for by one of the racers.
            if (!prefix.EndsWith('/'))
            {
                await MeetAsync(prefix).WaitAsync(cancellationToken);
            }

            return await base.ListAsync(prefix, after, limit, cancellationToken);
        }

        private Task MeetAsync(string prefix)
        {
            lock (waiting)
            {
                (int count, TaskCompletionSource all) = waiting.GetValueOrDefault(
                    prefix, (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
                if (++count < racers)
                {
                    waiting[prefix] = (count, all);
                    return all.Task;
                }

                waiting.Remove(prefix);
                Meetings++;
                all.SetResult();
                return all.Task;
            }
        }
    }
}
