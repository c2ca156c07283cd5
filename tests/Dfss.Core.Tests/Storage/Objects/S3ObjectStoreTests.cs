using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
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
    [InlineData("s3://bucket", "bucket", "", null, "us-east-1")]
    [InlineData("s3://bucket/a/b/?region=eu-1", "bucket", "a/b/", null, "eu-1")]
    [InlineData("s3://bucket/a?endpoint=http://[::1]:80", "bucket", "a/", "http://[::1]:80", "us-east-1")]
    public void An_address_is_read(string text, string bucket, string prefix, string? endpoint, string region) =>
        Assert.Equal(
            new S3Address(bucket, prefix, endpoint is null ? null : new Uri(endpoint), region), S3Address.Parse(text));

    [Theory]
    [InlineData("bucket")]
    [InlineData("s3://")]
    [InlineData("https://bucket/a")]
    [InlineData("s3://bucket/a b")]
    [InlineData("s3://bucket?endpoint=file:///a")]
    [InlineData("s3://bucket?endpoint=http://key:secret@host")]
    [InlineData("s3://bucket?secret=a")]
    [InlineData("s3://key:secret@bucket")]
    public void What_is_no_address_is_refused(string text) => Assert.Equal(
        DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(() => S3Address.Parse(text)).Code);
}
