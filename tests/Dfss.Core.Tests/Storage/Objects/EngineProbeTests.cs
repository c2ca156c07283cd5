using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
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
        await new EngineProbe(racers, Guid.NewGuid).RunAsync(rounds: 3, Token);
        Array.ForEach(racers, racer => racer.Dispose());
        Assert.InRange(creates, 3 * Racers, int.MaxValue);
    }

    private static Task ProbeAsync(ObjectEngine engine, int rounds = EngineProbe.DefaultRounds) => new EngineProbe(
        [.. Enumerable.Range(0, Racers).Select(_ => engine.Connect())], Guid.NewGuid)
        .RunAsync(rounds, Token);
}
