using System.Security.Cryptography.X509Certificates;
using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>TLS to the fake engine, with certificates of an authority that the system does not know.</summary>
public sealed class EngineTrustTests : IDisposable
{
    private readonly CompanyAuthority authority = new("Private CA");
    private readonly CompanyAuthority other = new("Other CA");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        authority.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task An_engine_with_a_certificate_of_the_given_authority_is_used()
    {
        using X509Certificate2 shown = authority.IssuePeer();
        await using FakeS3 fake = new(certificate: shown);
        Assert.Equal("https", fake.Endpoint.Scheme);
        using S3ObjectStore objects = Connect(fake, other, authority);
        Assert.Equal(CreateOutcome.Created, await objects.CreateAsync("key", "content"u8.ToArray(), Token));
        Assert.Equal("content"u8.ToArray(), (await objects.GetAsync("key", Token))!.Value.ToArray());
        Assert.Equal("content"u8.ToArray(), (await objects.GetAfreshAsync("key", Token))!.Value.ToArray());
    }

    [Fact]
    public async Task An_authority_that_the_system_does_not_know_is_refused_by_its_name()
    {
        using X509Certificate2 shown = authority.IssuePeer();
        DfssException refused = await RefuseAsync(shown);
        Assert.Contains("authority 'Private CA', which this system does not trust", refused.Message,
            StringComparison.Ordinal);
        Assert.Contains("-EngineAuthority", refused.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_that_is_not_among_the_given_ones_is_refused_by_its_name()
    {
        using X509Certificate2 shown = authority.IssuePeer();
        DfssException refused = await RefuseAsync(shown, other);
        Assert.Contains("authority 'Private CA', which is not in -EngineAuthority: 'Other CA'", refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_authority_with_the_name_of_the_given_one_and_another_key_is_refused_as_that()
    {
        using CompanyAuthority before = new("Private CA");
        using X509Certificate2 shown = authority.IssuePeer();
        DfssException refused = await RefuseAsync(shown, other, before);
        Assert.Contains(
            "authority 'Private CA', which is not in -EngineAuthority: 'Other CA', 'Private CA' (another key of the "
                + "same name)",
            refused.Message, StringComparison.Ordinal);
        Assert.Contains("-EngineAuthority", refused.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_put_is_not_repeated_where_the_certificate_is_refused()
    {
        using X509Certificate2 shown = authority.IssuePeer();
        await using FakeS3 fake = new(certificate: shown);
        using S3ObjectStore objects = Connect(fake, other);
        int puts = 0;
        await Assert.ThrowsAsync<DfssException>(async () => await ObjectRequests.RepeatPutAsync(
            () =>
            {
                puts++;
                return objects.PutAsync("key", "content"u8.ToArray(), Token);
            },
            progressed: null, TimeProvider.System, Token));
        Assert.Equal(1, puts);
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused_with_both_names()
    {
        using X509Certificate2 shown = authority.IssueServer("engine.example");
        DfssException refused = await RefuseAsync(shown, authority);
        Assert.Contains("for 'engine.example', and not for the host '127.0.0.1'", refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_refused_with_its_time()
    {
        using X509Certificate2 shown = authority.IssueServer("localhost", isExpired: true);
        DfssException refused = await RefuseAsync(shown, authority);
        Assert.Contains("not valid now", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"{shown.NotAfter:yyyy-MM-dd}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_for_servers_is_refused()
    {
        using X509Certificate2 shown = authority.IssueClient("a client");
        DfssException refused = await RefuseAsync(shown, authority);
        Assert.Contains("'a client', which is refused", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_speaks_no_TLS_is_an_engine_that_gave_no_answer()
    {
        await using FakeS3 fake = new();
        S3Address address = S3Address.Parse(
            $"s3://{FakeS3.Bucket}/store?endpoint=https://127.0.0.1:{fake.Endpoint.Port}");
        using S3ObjectStore objects = new(
            address, new Amazon.Runtime.BasicAWSCredentials(FakeS3.AccessKey, "a"), TimeProvider.System,
            EngineTrust.OfSystem);
        DfssException failed = await Assert.ThrowsAsync<DfssException>(async () => await objects.GetAsync("a", Token));
        Assert.Equal(DfssErrorCode.StoreFailed, failed.Code);
        Assert.Contains("gave no answer", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Authorities_for_an_engine_without_TLS_are_refused()
    {
        DfssException refused = Assert.Throws<DfssException>(() => S3Engine.Open(
            "s3://bucket?endpoint=http://127.0.0.1:1", new System.Net.NetworkCredential("a", "b"),
            [authority.Certificate]));
        Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
        Assert.Contains("http://127.0.0.1:1", refused.Message, StringComparison.Ordinal);
    }

    private static S3ObjectStore Connect(FakeS3 fake, params CompanyAuthority[] trusted) => ObjectEngine.Connect(
        fake, trust: new EngineTrust([.. trusted.Select(one => one.Certificate)]));

    /// <summary>The error of a create: it is refused, and not unknown, as nothing was sent.</summary>
    private static async Task<DfssException> RefuseAsync(X509Certificate2 shown, params CompanyAuthority[] trusted)
    {
        await using FakeS3 fake = new(certificate: shown);
        using S3ObjectStore objects = Connect(fake, trusted);
        await Assert.ThrowsAsync<DfssException>(async () => await objects.GetAsync("key", Token));
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            async () => await objects.CreateAsync("key", "content"u8.ToArray(), Token));
        Assert.Equal(DfssErrorCode.StoreFailed, refused.Code);
        Assert.Equal(0, fake.Requests);
        return refused;
    }
}
