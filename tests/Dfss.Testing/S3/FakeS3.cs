using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dfss.Storage;

namespace Dfss.Testing;

/// <summary>In what a fake engine differs from one that can be used.</summary>
public enum FakeS3Quirk
{
    /// <summary>In nothing.</summary>
    None,

    /// <summary>It takes the condition of a PUT and does not look at it.</summary>
    IgnoresCondition,

    /// <summary>It looks whether the object is there, and writes later.</summary>
    ChecksBeforeItWrites,

    /// <summary>A new object is missing from the first listing after it was written.</summary>
    ListsLate,

    /// <summary>The tags of its objects are no MD5, as those of engines that encrypt.</summary>
    OddTags,
}

/// <summary>What becomes of one request to a fake engine.</summary>
public enum FakeS3Fault
{
    /// <summary>It is answered.</summary>
    None,

    /// <summary>Carried out; then the connection is closed without an answer.</summary>
    LosesAnswer,

    /// <summary>Not carried out; the connection is closed.</summary>
    LosesRequest,

    /// <summary>Not carried out: 409, another writer is at it.</summary>
    Conflict,

    /// <summary>Not carried out: 500.</summary>
    InternalError,

    /// <summary>Not carried out: 403, the bucket's quota is reached.</summary>
    QuotaExceeded,

    /// <summary>Not carried out and not answered; the connection stays open.</summary>
    Hangs,

    /// <summary>Carried out; half of the answer's body is sent, and the connection stays open.</summary>
    HangsInBody,

    /// <summary>Carried out; half of the answer's body is sent, and the connection is closed.</summary>
    CutsBody,
}

/// <summary>
/// An S3-compatible engine on loopback, with one bucket in memory, path style: PUT with and without If-None-Match, GET,
/// HEAD, DELETE and ListObjectsV2 with pages. It asks for a signature's access key, not for the signature.
/// </summary>
internal sealed class FakeS3 : IAsyncDisposable
{
    public const string Bucket = "bucket";
    public const string AccessKey = "fake";

    // Long enough that racing writers all look before one writes.
    private static readonly TimeSpan BetweenCheckAndWrite = TimeSpan.FromMilliseconds(50);

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ended = new();
    private readonly MemoryObjects objects = new();
    private readonly FakeS3Quirk quirk;
    private readonly Task accepting;
    private readonly ConcurrentDictionary<string, bool> unlisted = new(StringComparer.Ordinal);
    private long requests;

    public FakeS3(FakeS3Quirk quirk = FakeS3Quirk.None)
    {
        this.quirk = quirk;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>The address for clients.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>What becomes of a request.</summary>
    public Func<FakeS3Request, FakeS3Fault> Fault { get; set; } = _ => FakeS3Fault.None;

    /// <summary>The most keys of one page, whatever is asked for.</summary>
    public int PageLimit { get; set; } = 1000;

    /// <summary>How long it takes for each request.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How many requests have come.</summary>
    public long Requests => Interlocked.Read(ref requests);

    /// <summary>Changes a byte of each object whose key has a text in it, without the engine's knowledge.</summary>
    public async Task RotAsync(string text)
    {
        IReadOnlyList<ObjectEntry> all = await objects.ListAsync(string.Empty, null, int.MaxValue, ended.Token)
            .ConfigureAwait(false);
        all.Where(entry => entry.Key.Contains(text, StringComparison.Ordinal)).ToList()
            .ForEach(entry => objects.Rot(entry.Key));
    }

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
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving).ConfigureAwait(false);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            client.NoDelay = true;
            using BufferedStream stream = new(client.GetStream(), 64 << 10);
            try
            {
                while (await FakeS3Request.ReadAsync(stream, ended.Token).ConfigureAwait(false) is { } request)
                {
                    Interlocked.Increment(ref requests);
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
                        stream, request.Method == "HEAD" ? 0 : length, ended.Token).ConfigureAwait(false);
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
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // The client or the engine has gone.
            }
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
                return fault == FakeS3Fault.LosesAnswer ? null : answer;
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
            ("PUT", not "") => await PutAsync(request).ConfigureAwait(false),
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
