using Dfss.Storage.S3;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

public sealed class EngineRequestTests
{
    private readonly FakeTimeProvider clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_request_ends_when_nothing_moves_for_20_s()
    {
        using var request = EngineRequest.Begin(clock, Token);
        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.False(request.Token.IsCancellationRequested);
        request.Note(1);
        clock.Advance(TimeSpan.FromSeconds(19));
        Assert.False(request.Token.IsCancellationRequested);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(request.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_request_that_moves_16_KiB_a_second_goes_on_for_as_long_as_it_takes()
    {
        using var request = EngineRequest.Begin(clock, Token);
        for (int i = 0; i < 1000; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            request.Note(16 << 10);
        }

        Assert.False(request.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_request_that_drips_ends()
    {
        using var request = EngineRequest.Begin(clock, Token);
        int seconds = 0;
        for (; !request.Token.IsCancellationRequested; seconds++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            request.Note(1);
        }

        Assert.InRange(seconds, 60, 62);
    }

    [Fact]
    public async Task A_request_ends_with_its_caller_and_what_is_noted_later_is_no_error()
    {
        using CancellationTokenSource caller = new();
        EngineRequest request = EngineRequest.Begin(clock, caller.Token);
        await caller.CancelAsync();
        Assert.True(request.Token.IsCancellationRequested);
        request.Dispose();
        request.Note(1);
        Assert.Throws<OperationCanceledException>(() => EngineRequest.Begin(clock, caller.Token));
    }

    [Fact]
    public async Task What_a_flow_sends_belongs_to_its_own_request()
    {
        async Task<bool> AskAsync()
        {
            using var own = EngineRequest.Begin(clock, Token);
            await Task.Yield();
            return ReferenceEquals(own, EngineRequest.Current);
        }

        Assert.All(await Task.WhenAll(AskAsync(), AskAsync()), Assert.True);
        Assert.Null(EngineRequest.Current);
    }
}
