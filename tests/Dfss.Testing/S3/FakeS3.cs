using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>
/// An S3-compatible engine on loopback, with one bucket in memory, path style: PUT with and without If-None-Match, PUT
/// of a copy, GET, HEAD, DELETE and ListObjectsV2 with pages. It asks for a signature's access key, not for the
/// signature.
/// </summary>
internal sealed partial class FakeS3 : IAsyncDisposable
{
    public const string Bucket = "bucket";
    public const string AccessKey = "fake";

    // Long enough that racing writers all look before one writes.
    private static readonly TimeSpan BetweenCheckAndWrite = TimeSpan.FromMilliseconds(50);

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ended = new();
    private readonly MemoryObjects objects = new();
    private readonly FakeS3Quirk quirk;
    private readonly X509Certificate2? certificate;
    private readonly Task accepting;
    private readonly ConcurrentDictionary<string, bool> unlisted = new(StringComparer.Ordinal);
    private long requests;
    private int connections;
    private int flips;

    /// <param name="quirk">In what it differs from an engine that can be used.</param>
    /// <param name="certificate">The certificate that it shows, with its key; null for plaintext.</param>
    public FakeS3(FakeS3Quirk quirk = FakeS3Quirk.None, X509Certificate2? certificate = null)
    {
        (this.quirk, this.certificate) = (quirk, certificate);
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The address for clients.</summary>
    public Uri Endpoint => new(
        $"{(certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>What becomes of a request.</summary>
    public Func<FakeS3Request, FakeS3Fault> Fault { get; set; } = _ => FakeS3Fault.None;

    /// <summary>The most keys of one page, whatever is asked for.</summary>
    public int PageLimit { get; set; } = 1000;

    /// <summary>How long it takes for each request.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>
    /// The bytes that its objects may have together; null for no limit. As Ceph does, it refuses each write that would
    /// go beyond it, before it looks at a condition, and no delete.
    /// </summary>
    public long? QuotaBytes { get; set; }

    /// <summary>How many requests have come.</summary>
    public long Requests => Interlocked.Read(ref requests);

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync().ConfigureAwait(false);
        listener.Stop();
        await accepting.ConfigureAwait(false);
        ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await listener.AcceptTcpClientAsync(ended.Token).ConfigureAwait(false)));
            }
        }
        catch (Exception) when (ended.IsCancellationRequested)
        {
            // Cancelled, or the listener was stopped before.
        }
        finally
        {
            await Task.WhenAll(serving).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        int connection = Interlocked.Increment(ref connections);
        using (client)
        {
            try
            {
                client.NoDelay = true;
                // One stream cannot write while it has read more than was asked for: a client sends its content before
                // it hears that it may, once it has waited for 1 s. The end of a stream writes, which fails where the
                // client has gone.
                using Stream stream = await EncryptAsync(client.GetStream()).ConfigureAwait(false);
                using BufferedStream input = new(stream, 64 << 10);
                using BufferedStream output = new(stream, 64 << 10);
                while (await FakeS3Request.ReadAsync(input, output, ended.Token).ConfigureAwait(false) is { } request)
                {
                    Interlocked.Increment(ref requests);
                    request.Connection = connection;
                    if (Latency > TimeSpan.Zero)
                    {
                        await Task.Delay(Latency, ended.Token).ConfigureAwait(false);
                    }

                    FakeS3Fault fault = Fault(request);
                    if (await AnswerAsync(request, fault).ConfigureAwait(false) is not { } answer)
                    {
                        return;
                    }

                    int length = fault is FakeS3Fault.HangsInBody or FakeS3Fault.CutsBody
                        ? answer.Body.Length / 2
                        : answer.Body.Length;
                    await answer.WriteAsync(
                        output, request.Method == "HEAD" ? 0 : length, ended.Token).ConfigureAwait(false);
                    if (fault is FakeS3Fault.HangsInBody)
                    {
                        await Task.Delay(Timeout.InfiniteTimeSpan, ended.Token).ConfigureAwait(false);
                    }

                    if (fault is FakeS3Fault.CutsBody)
                    {
                        return;
                    }
                }
            }
            catch (Exception exception) when (ended.IsCancellationRequested
                || exception is IOException or OperationCanceledException or SocketException or AuthenticationException)
            {
                // The client or the engine has gone.
            }
        }
    }

    private async Task<Stream> EncryptAsync(NetworkStream plain)
    {
        if (certificate is null)
        {
            return plain;
        }

        SslStream encrypted = new(plain);
        try
        {
            await encrypted.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = certificate }, ended.Token)
                .ConfigureAwait(false);
            return encrypted;
        }
        catch
        {
            await encrypted.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Null: the connection is closed without an answer.</summary>
    private async Task<FakeS3Answer?> AnswerAsync(FakeS3Request request, FakeS3Fault fault)
    {
        switch (fault)
        {
            case FakeS3Fault.Hangs:
                await Task.Delay(Timeout.InfiniteTimeSpan, ended.Token).ConfigureAwait(false);
                return null;
            case FakeS3Fault.LosesRequest:
                return null;
            case FakeS3Fault.Conflict:
                return FakeS3Answer.Error(409, "ConditionalRequestConflict");
            case FakeS3Fault.InternalError:
                return FakeS3Answer.Error(500, "InternalError");
            case FakeS3Fault.QuotaExceeded:
                return FakeS3Answer.Error(403, "QuotaExceeded");
            default:
                FakeS3Answer answer = await CarryOutAsync(request).ConfigureAwait(false);
                return fault switch
                {
                    FakeS3Fault.LosesAnswer => null,
                    FakeS3Fault.FlipsByte => answer.Flip(Interlocked.Increment(ref flips)),
                    FakeS3Fault.FlipsFirstByte => answer.Flip(0),
                    _ => answer,
                };
        }
    }

    private async Task<FakeS3Answer> CarryOutAsync(FakeS3Request request)
    {
        if (!request.Headers.TryGetValue("Authorization", out string? signature)
            || !signature.Contains($"Credential={AccessKey}/", StringComparison.Ordinal))
        {
            return FakeS3Answer.Error(403, "AccessDenied");
        }

        if (request.Bucket != Bucket)
        {
            return FakeS3Answer.Error(404, "NoSuchBucket");
        }

        return (request.Method, request.Key) switch
        {
            ("GET", "") => await ListAsync(request).ConfigureAwait(false),
            ("GET" or "HEAD", _) => await objects.GetAsync(request.Key, ended.Token).ConfigureAwait(false) is { } found
                ? new FakeS3Answer(200, found, quirk == FakeS3Quirk.OddTags ? "no MD5" : objects.FindTag(request.Key))
                : FakeS3Answer.Error(404, "NoSuchKey"),
            ("PUT", not "") => request.Headers.TryGetValue("x-amz-copy-source", out string? source)
                ? await CopyAsync(source, request.Key).ConfigureAwait(false)
                : await PutAsync(request).ConfigureAwait(false),
            ("DELETE", not "") => await DeleteAsync(request.Key).ConfigureAwait(false),
            _ => FakeS3Answer.Error(501, "NotImplemented"),
        };
    }

    private async Task<FakeS3Answer> PutAsync(FakeS3Request request)
    {
        if (request.Headers.ContainsKey("x-amz-decoded-content-length"))
        {
            // Older engines store the framing with the content.
            return FakeS3Answer.Error(501, "NotImplemented");
        }

        if (QuotaBytes is { } quota && objects.Bytes + request.Body.Length > quota)
        {
            return FakeS3Answer.Error(403, "QuotaExceeded");
        }

        bool isConditional = request.Headers.TryGetValue("If-None-Match", out string? condition) && condition == "*"
            && quirk != FakeS3Quirk.IgnoresCondition;
        if (isConditional && quirk == FakeS3Quirk.ChecksBeforeItWrites)
        {
            if (await objects.GetAsync(request.Key, ended.Token).ConfigureAwait(false) is not null)
            {
                return FakeS3Answer.Error(412, "PreconditionFailed");
            }

            await Task.Delay(BetweenCheckAndWrite, ended.Token).ConfigureAwait(false);
            isConditional = false;
        }

        if (!isConditional)
        {
            await objects.PutAsync(request.Key, request.Body, ended.Token).ConfigureAwait(false);
        }
        else if (await objects.CreateAsync(request.Key, request.Body, ended.Token).ConfigureAwait(false)
            == CreateOutcome.Exists)
        {
            return FakeS3Answer.Error(412, "PreconditionFailed");
        }

        unlisted[request.Key] = true;
        return new FakeS3Answer(
            200, default, quirk == FakeS3Quirk.OddTags ? "no MD5" : objects.FindTag(request.Key));
    }

    private async Task<FakeS3Answer> CopyAsync(string source, string key)
    {
        string[] path = Uri.UnescapeDataString(source).TrimStart('/').Split('/', 2);
        return path is [Bucket, var copied]
            && await objects.CopyAsync(copied, key, ended.Token).ConfigureAwait(false)
            ? FakeS3Answer.Copied(objects.FindTag(key)!)
            : FakeS3Answer.Error(404, "NoSuchKey");
    }

    private async Task<FakeS3Answer> DeleteAsync(string key)
    {
        await objects.DeleteAsync(key, ended.Token).ConfigureAwait(false);
        return new FakeS3Answer(204, default);
    }

    private async Task<FakeS3Answer> ListAsync(FakeS3Request request)
    {
        string prefix = request.Query.GetValueOrDefault("prefix", string.Empty);
        string? after = request.Query.TryGetValue("continuation-token", out string? token)
            ? FakeS3Answer.ReadToken(token)
            : request.Query.GetValueOrDefault("start-after");
        int asked = int.Parse(request.Query.GetValueOrDefault("max-keys", "1000"), CultureInfo.InvariantCulture);
        int limit = Math.Min(asked, PageLimit);
        IReadOnlyList<ObjectEntry> found =
            await objects.ListAsync(prefix, after, limit + 1, ended.Token).ConfigureAwait(false);
        if (quirk == FakeS3Quirk.ListsLate)
        {
            found = [.. found.Where(entry => !unlisted.TryRemove(entry.Key, out _))];
        }

        return FakeS3Answer.Page(Bucket, request.Query, [.. found.Take(limit)], isTruncated: found.Count > limit);
    }
}
