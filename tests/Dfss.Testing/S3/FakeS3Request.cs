using System.Globalization;
using System.Text;

namespace Dfss.Testing;

/// <summary>One request to <see cref="FakeS3"/>, read from a connection.</summary>
internal sealed class FakeS3Request
{
    private const int MaxHeaderBytes = 64 << 10;

    public required string Method { get; init; }

    /// <summary>What follows the slash after the bucket.</summary>
    public required string Key { get; init; }

    public required string Bucket { get; init; }

    public required IReadOnlyDictionary<string, string> Query { get; init; }

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public byte[] Body { get; private set; } = [];

    /// <summary>The number of the connection that it came over.</summary>
    public int Connection { get; set; }

    /// <summary>The next request; null at the end of the connection.</summary>
    public static async Task<FakeS3Request?> ReadAsync(
        Stream input, Stream output, CancellationToken cancellationToken)
    {
        if (await ReadHeaderAsync(input, cancellationToken).ConfigureAwait(false) is not { } header)
        {
            return null;
        }

        string[] lines = header.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        Dictionary<string, string> headers = lines[1..].Select(line => line.Split(':', 2)).ToDictionary(
            pair => pair[0], pair => pair[1].Trim(), StringComparer.OrdinalIgnoreCase);
        string[] target = first[1].Split('?', 2);
        string[] path = target[0].TrimStart('/').Split('/', 2);
        FakeS3Request request = new()
        {
            Method = first[0],
            Bucket = Uri.UnescapeDataString(path[0]),
            Key = path.Length == 2 ? Uri.UnescapeDataString(path[1]) : string.Empty,
            Query = (target.Length == 2 ? target[1] : string.Empty)
                .Split('&', StringSplitOptions.RemoveEmptyEntries).Select(option => option.Split('=', 2))
                .ToDictionary(
                    pair => pair[0], pair => pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : string.Empty,
                    StringComparer.Ordinal),
            Headers = headers,
        };
        if (headers.TryGetValue("Expect", out string? expect) && expect == "100-continue")
        {
            await output.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken)
                .ConfigureAwait(false);
            await output.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (headers.TryGetValue("Content-Length", out string? length))
        {
            request.Body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
            await input.ReadExactlyAsync(request.Body, cancellationToken).ConfigureAwait(false);
        }

        return request;
    }

    private static async Task<string?> ReadHeaderAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] header = new byte[MaxHeaderBytes];
        int length = 0;
        // The stream is buffered.
        while (!header.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
        {
            if (await stream.ReadAsync(header.AsMemory(length, 1), cancellationToken).ConfigureAwait(false) == 0)
            {
                return null;
            }

            length++;
        }

        return Encoding.UTF8.GetString(header, 0, length);
    }
}
