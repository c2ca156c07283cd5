using System.Globalization;
using System.Net;
using System.Text;
using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>An answer of <see cref="FakeS3"/>.</summary>
/// <param name="Status">The status of HTTP.</param>
/// <param name="Body">What follows the header.</param>
/// <param name="Tag">The tag of the object; null for none.</param>
internal sealed record FakeS3Answer(int Status, ReadOnlyMemory<byte> Body, string? Tag = null)
{
    public static FakeS3Answer Error(int status, string code) => new(
        status, Encoding.UTF8.GetBytes($"<Error><Code>{code}</Code><Message>The fake says {code}.</Message></Error>"));

    public static FakeS3Answer Copied(string tag) => new(
        200,
        Encoding.UTF8.GetBytes(
            "<CopyObjectResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + $"<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"{tag}\"</ETag></CopyObjectResult>"));

    /// <summary>A page of a listing. Unless its keys are asked for in the encoding of URLs, a key with a character that
    /// XML does not have makes it unreadable, as with real engines.</summary>
    public static FakeS3Answer Page(
        string bucket, IReadOnlyDictionary<string, string> query, IReadOnlyList<ObjectEntry> found, bool isTruncated)
    {
        bool isEncoded = query.GetValueOrDefault("encoding-type") == "url";
        string Key(string key) => isEncoded ? WebUtility.UrlEncode(key) : Escape(key);
        StringBuilder page = new("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        page.Append(CultureInfo.InvariantCulture, $"<Name>{bucket}</Name>")
            .Append(CultureInfo.InvariantCulture, $"<Prefix>{Key(query.GetValueOrDefault("prefix", ""))}</Prefix>")
            .Append(CultureInfo.InvariantCulture, $"<KeyCount>{found.Count}</KeyCount>")
            .Append(isEncoded ? "<EncodingType>url</EncodingType>" : string.Empty)
            .Append(isTruncated ? "<IsTruncated>true</IsTruncated>" : "<IsTruncated>false</IsTruncated>")
            .Append(isTruncated
                ? $"<NextContinuationToken>{Convert.ToHexString(Encoding.UTF8.GetBytes(found[^1].Key))}"
                    + "</NextContinuationToken>"
                : string.Empty);
        foreach (ObjectEntry entry in found)
        {
            page.Append(CultureInfo.InvariantCulture, $"<Contents><Key>{Key(entry.Key)}</Key>")
                .Append(CultureInfo.InvariantCulture, $"<LastModified>{entry.Modified:yyyy-MM-ddTHH:mm:ss.fffZ}")
                .Append(CultureInfo.InvariantCulture, $"</LastModified><Size>{entry.Length}</Size></Contents>");
        }

        return new FakeS3Answer(200, Encoding.UTF8.GetBytes(page.Append("</ListBucketResult>").ToString()));
    }

    /// <summary>The key that a token of <see cref="Page"/> stands for.</summary>
    public static string ReadToken(string token) => Encoding.UTF8.GetString(Convert.FromHexString(token));

    /// <summary>The same with a byte of its body changed: that of this number, counted round and round.</summary>
    public FakeS3Answer Flip(int number)
    {
        byte[] changed = Body.ToArray();
        if (changed.Length > 0)
        {
            changed[number % changed.Length] ^= 1;
        }

        return this with { Body = changed };
    }

    public async Task WriteAsync(Stream stream, int length, CancellationToken cancellationToken)
    {
        string tag = Tag is null ? string.Empty : $"ETag: \"{Tag}\"\r\n";
        string header = $"HTTP/1.1 {Status} Fake\r\nContent-Length: {Body.Length}\r\n{tag}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(header), cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync(Body[..length], cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
