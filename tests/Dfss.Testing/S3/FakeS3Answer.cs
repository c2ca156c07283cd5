using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>An answer of <see cref="FakeS3"/>.</summary>
internal sealed record FakeS3Answer(int Status, ReadOnlyMemory<byte> Body)
{
    private static readonly XNamespace Names = "http://s3.amazonaws.com/doc/2006-03-01/";

    public static FakeS3Answer Error(int status, string code) => new(
        status,
        Encode(new XElement("Error", new XElement("Code", code), new XElement("Message", $"The fake says {code}."))));

    public static FakeS3Answer Page(
        string bucket, string prefix, IReadOnlyList<ObjectEntry> found, bool isTruncated) => new(
        200,
        Encode(new XElement(
            Names + "ListBucketResult",
            new XElement(Names + "Name", bucket),
            new XElement(Names + "Prefix", prefix),
            new XElement(Names + "KeyCount", found.Count),
            new XElement(Names + "IsTruncated", isTruncated),
            isTruncated ? new XElement(Names + "NextContinuationToken", found[^1].Key) : null,
            found.Select(entry => new XElement(
                Names + "Contents",
                new XElement(Names + "Key", entry.Key),
                new XElement(Names + "Size", entry.Length),
                new XElement(
                    Names + "LastModified",
                    entry.Modified.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)))))));

    public async Task WriteAsync(Stream stream, bool isHead, CancellationToken cancellationToken)
    {
        // As that of an upload in parts: of others it is the MD5, which the SDK checks.
        string header = $"HTTP/1.1 {Status} Fake\r\nContent-Length: {Body.Length}\r\n"
            + $"ETag: \"{Convert.ToHexStringLower(SHA256.HashData(Body.Span))[..32]}-1\"\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(header), cancellationToken).ConfigureAwait(false);
        if (!isHead)
        {
            await stream.WriteAsync(Body, cancellationToken).ConfigureAwait(false);
        }

        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Encode(XElement element) =>
        Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
}
