using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

public sealed class S3ObjectStoreTests : IAsyncLifetime
{
    private readonly FakeS3 fake = new();
    private readonly S3ObjectStore objects;

    public S3ObjectStoreTests() => objects = ObjectEngine.Connect(fake);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        objects.Dispose();
        return fake.DisposeAsync();
    }

    [Theory]
    [InlineData(FakeS3Fault.Conflict)]
    [InlineData(FakeS3Fault.LosesAnswer)]
    [InlineData(FakeS3Fault.LosesRequest)]
    [InlineData(FakeS3Fault.InternalError)]
    public async Task A_create_is_sent_once_and_its_outcome_is_unknown_without_an_answer(FakeS3Fault fault)
    {
        fake.Fault = _ => fault;
        Assert.Equal(CreateOutcome.Unknown, await objects.CreateAsync("key", "content"u8.ToArray(), Token));
        Assert.Equal(1, fake.Requests);
    }

    [Theory]
    [InlineData(FakeS3Fault.LosesAnswer)]
    [InlineData(FakeS3Fault.LosesRequest)]
    [InlineData(FakeS3Fault.InternalError)]
    public async Task A_put_is_sent_once(FakeS3Fault fault)
    {
        fake.Fault = _ => fault;
        DfssException failed = await Assert.ThrowsAsync<DfssException>(
            async () => await objects.PutAsync("key", "content"u8.ToArray(), Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Equal(1, fake.Requests);
    }

    [Fact]
    public async Task A_read_is_sent_again()
    {
        await objects.PutAsync("key", "content"u8.ToArray(), Token);
        int reads = 0;
        fake.Fault = _ => Interlocked.Increment(ref reads) % 2 == 1 ? FakeS3Fault.InternalError : FakeS3Fault.None;
        Assert.Equal("content"u8.ToArray(), (await objects.GetAsync("key", Token))!.Value.ToArray());
        Assert.Single(await objects.ListAsync("key", after: null, limit: 10, Token));
        await objects.DeleteAsync("key", Token);
        Assert.Equal(6, reads);
    }

    [Fact]
    public async Task A_quota_that_is_reached_is_a_full_store()
    {
        fake.Fault = _ => FakeS3Fault.QuotaExceeded;
        DfssException full = await Assert.ThrowsAsync<DfssException>(
            async () => await objects.CreateAsync("key", default, Token));
        Assert.Equal(DfssErrorCode.StoreFull, full.Code);
    }

    [Fact]
    public async Task Wrong_credentials_are_an_error_that_does_not_show_them()
    {
        using S3ObjectStore unknown = ObjectEngine.Connect(fake, "unknown");
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await unknown.GetAsync("key", Token));
        Assert.Equal(DfssErrorCode.StoreFailed, refused.Code);
        Assert.Contains("403 AccessDenied", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret of the fake", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_request_is_a_cancellation() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await objects.CreateAsync("key", default, new CancellationToken(canceled: true)));

    [Theory]
    [InlineData("get")]
    [InlineData("put")]
    [InlineData("create")]
    public async Task A_request_that_fails_when_it_was_cancelled_says_nothing_of_the_engine(string request)
    {
        // Not disposed: the engine may use it later.
        CancellationTokenSource caller = new();
        fake.Fault = _ =>
        {
            caller.Cancel();
            return FakeS3Fault.LosesRequest;
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(objects, request, caller.Token));
        Assert.False(S3Errors.IsOfEngine(new HttpRequestException("The connection was closed."), caller.Token));
        Assert.True(S3Errors.IsOfEngine(new HttpRequestException("The connection was closed."), Token));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1", false)]
    [InlineData("http://[::1]:1", false)]
    [InlineData("https://localhost", false)]
    [InlineData("https://engine.example", true)]
    [InlineData(null, true)]
    public void A_proxy_of_the_environment_is_not_asked_for_this_machine(string? endpoint, bool usesProxy)
    {
        using SocketsHttpHandler handler =
            EngineConnections.CreateHandler(endpoint is null ? null : new Uri(endpoint), EngineTrust.OfSystem);
        Assert.Equal(usesProxy, handler.UseProxy);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("list")]
    [InlineData("put")]
    [InlineData("create")]
    [InlineData("delete")]
    public async Task An_engine_that_takes_a_request_and_says_nothing_is_an_error_after_20_s(string request)
    {
        FakeTimeProvider clock = new();
        using S3ObjectStore waiting = ObjectEngine.Connect(fake, clock: clock);
        Task asking = await AskUntilArrivedAsync(waiting, request, FakeS3Fault.Hangs);
        await AdvanceAsync(clock, asking);
        if (request == "create")
        {
            Assert.Equal(CreateOutcome.Unknown, await (Task<CreateOutcome>)asking);
            return;
        }

        DfssException failed = await Assert.ThrowsAsync<DfssException>(() => asking);
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains("gave no answer: for 20 s nothing", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("get")]
    [InlineData("list")]
    public async Task An_engine_that_stops_within_its_answer_is_an_error_too(string request)
    {
        await objects.PutAsync("key", new byte[100_000], Token);
        FakeTimeProvider clock = new();
        using S3ObjectStore waiting = ObjectEngine.Connect(fake, clock: clock);
        Task asking = await AskUntilArrivedAsync(waiting, request, FakeS3Fault.HangsInBody);
        await AdvanceAsync(clock, asking);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(() => asking);
        Assert.Contains("for 20 s nothing", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_whose_answer_is_cut_is_sent_again()
    {
        await objects.PutAsync("key", "content"u8.ToArray(), Token);
        int reads = 0;
        fake.Fault = _ => Interlocked.Increment(ref reads) == 1 ? FakeS3Fault.CutsBody : FakeS3Fault.None;
        Assert.Equal("content"u8.ToArray(), (await objects.GetAsync("key", Token))!.Value.ToArray());
        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task What_has_rotted_is_read_as_it_is()
    {
        byte[] content = "content"u8.ToArray();
        await objects.PutAsync("key", content, Token);
        await fake.RotAsync("key");
        content[0] ^= 1;
        Assert.Equal(content, (await objects.GetAsync("key", Token))!.Value.ToArray());
    }

    [Fact]
    public async Task The_tag_of_an_object_may_be_anything()
    {
        await using FakeS3 odd = new(FakeS3Quirk.OddTags);
        using S3ObjectStore of = ObjectEngine.Connect(odd);
        await of.PutAsync("key", "content"u8.ToArray(), Token);
        Assert.Equal(CreateOutcome.Created, await of.CreateAsync("other", "content"u8.ToArray(), Token));
        Assert.Equal("content"u8.ToArray(), (await of.GetAsync("key", Token))!.Value.ToArray());
    }

    private static Task AskAsync(S3ObjectStore objects, string request, CancellationToken token) => request switch
    {
        "get" => objects.GetAsync("key", token).AsTask(),
        "list" => objects.ListAsync("key", after: null, limit: 10, token).AsTask(),
        "put" => objects.PutAsync("key", new byte[100_000], token).AsTask(),
        "create" => objects.CreateAsync("key", new byte[100_000], token).AsTask(),
        _ => objects.DeleteAsync("key", token).AsTask(),
    };

    /// <summary>Returns when the engine has the request.</summary>
    private async Task<Task> AskUntilArrivedAsync(S3ObjectStore waiting, string request, FakeS3Fault fault)
    {
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        fake.Fault = _ =>
        {
            arrived.TrySetResult();
            return fault;
        };
        Task asking = AskAsync(waiting, request, Token);
        await arrived.Task.WaitAsync(Token);
        return asking;
    }

    private static async Task AdvanceAsync(FakeTimeProvider clock, Task until)
    {
        while (!until.IsCompleted)
        {
            Token.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
