using Dfss.Storage.S3;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

public sealed class S3AddressTests
{
    [Theory]
    [InlineData("s3://bucket", "bucket", "", null, "us-east-1")]
    [InlineData("s3://bucket/", "bucket", "", null, "us-east-1")]
    [InlineData("s3://my.bucket-1/a/b/?region=eu-1", "my.bucket-1", "a/b/", null, "eu-1")]
    [InlineData("s3://bucket/my-chunks/Format", "bucket", "my-chunks/Format/", null, "us-east-1")]
    [InlineData("S3://bucket/a?endpoint=http://[::1]:80", "bucket", "a/", "http://[::1]:80", "us-east-1")]
    [InlineData("s3://bucket/a?endpoint=https://host/", "bucket", "a/", "https://host", "us-east-1")]
    [InlineData("s3://bucket/A?endpoint=http%3A%2F%2Fhost%3A1", "bucket", "A/", "http://host:1", "us-east-1")]
    public void An_address_is_read(string text, string bucket, string prefix, string? endpoint, string region) =>
        Assert.Equal(
            new S3Address(bucket, prefix, endpoint is null ? null : new Uri(endpoint), region), S3Address.Parse(text));

    [Theory]
    [InlineData("s3://bucket", "s3://bucket")]
    [InlineData("s3://bucket/a/b/?endpoint=http://host:1/", "s3://bucket/a/b?endpoint=http://host:1")]
    [InlineData("s3://bucket?region=eu-1&endpoint=http://Host", "s3://bucket?endpoint=http://host&region=eu-1")]
    public void Two_spellings_of_an_address_are_shown_as_one(string text, string shown)
    {
        Assert.Equal(shown, S3Address.Parse(text).ToString());
        Assert.Equal(shown, S3Address.Parse(shown).ToString());
    }

    [Theory]
    [InlineData("bucket", "begins with s3://")]
    [InlineData("https://bucket/a", "begins with s3://")]
    [InlineData("s3://", "3 to 63")]
    [InlineData("s3:///a", "3 to 63")]
    [InlineData("s3://ab", "3 to 63")]
    [InlineData("s3://Bucket/a", "lower-case letters")]
    [InlineData("s3://-bucket", "lower-case letters")]
    [InlineData("s3://bucket:9000/a", "port")]
    [InlineData("s3://bucket/a b", "prefix")]
    [InlineData("s3://bucket/a//b", "prefix")]
    [InlineData("s3://bucket//", "prefix")]
    [InlineData("s3://bucket/a/../b", "prefix")]
    [InlineData("s3://bucket/a%2Fb", "prefix")]
    [InlineData("s3://bucket/a#hunter2", "prefix")]
    [InlineData("s3://bucket/chunks/a", "no part of a prefix is a word")]
    [InlineData("s3://bucket/a/chunks", "no part of a prefix is a word")]
    [InlineData("s3://bucket/names/", "no part of a prefix is a word")]
    [InlineData("s3://bucket/a/condemned/b", "no part of a prefix is a word")]
    [InlineData("s3://bucket/quarantine", "no part of a prefix is a word")]
    [InlineData("s3://bucket/probe", "no part of a prefix is a word")]
    [InlineData("s3://bucket/collection", "no part of a prefix is a word")]
    [InlineData("s3://bucket/clock", "no part of a prefix is a word")]
    [InlineData("s3://bucket/format", "no part of a prefix is a word")]
    [InlineData("s3://bucket?endpoint=file:///a", "http or https")]
    [InlineData("s3://bucket?endpoint=host:1", "http or https")]
    [InlineData("s3://bucket?endpoint=", "http or https")]
    [InlineData("s3://bucket?endpoint=http://host/hunter2", "no path")]
    [InlineData("s3://bucket?endpoint=http://host?key=hunter2", "no path, no query and no credentials")]
    [InlineData("s3://bucket?endpoint=http://host?a&secret=hunter2", "no path, no query and no credentials")]
    [InlineData("s3://bucket?endpoint=http://host%23hunter2", "no path, no query and no credentials")]
    [InlineData("s3://bucket?endpoint=http://key:hunter2@host", "no path, no query and no credentials")]
    [InlineData("s3://bucket?endpoint=http://a&endpoint=http://b", "once")]
    [InlineData("s3://bucket?region=hunter2!", "region")]
    [InlineData("s3://bucket?region=", "region")]
    [InlineData("s3://bucket?secret=hunter2", "'endpoint' and 'region'")]
    [InlineData("s3://bucket?hunter2", "'endpoint' and 'region'")]
    [InlineData("s3://key:hunter2@bucket", "credentials")]
    [InlineData("s3://key:hunter2%40bucket", "credentials")]
    [InlineData("s3://key:hunter2/3@bucket", "credentials")]
    public void What_is_no_address_is_refused_with_the_reason_and_is_not_repeated(string text, string reason)
    {
        DfssException refused = Assert.Throws<DfssException>(() => S3Address.Parse(text));
        Assert.Equal(DfssErrorCode.InvalidArgument, refused.Code);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.ToString(), StringComparison.Ordinal);
        Assert.Contains("s3://bucket/prefix?endpoint=", refused.Advice, StringComparison.Ordinal);
    }
}
