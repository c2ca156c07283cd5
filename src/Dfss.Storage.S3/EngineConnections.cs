using System.Net;
using Amazon.Runtime;

namespace Dfss.Storage.S3;

/// <summary>
/// The connections of one <see cref="S3ObjectStore"/>, shared with no other: the probe's racers must not share one.
/// </summary>
/// <param name="endpoint">The engine's address; null for AWS.</param>
/// <param name="trust">Which certificates the engine may show.</param>
/// <param name="sendsOnce">Whether each request is sent once at most, whatever the SDK and .NET do.</param>
internal sealed class EngineConnections(Uri? endpoint, EngineTrust trust, bool sendsOnce)
    : HttpClientFactory, IDisposable
{
    // Four times a chunk: what an engine sends without an end is not kept.
    private const int MaxBodyBytes = 64 << 20;

    // Of a length that the answer does not name.
    private const int FirstBufferBytes = 64 << 10;

    private readonly HttpClient client = Connect(endpoint, trust, sendsOnce);

    /// <inheritdoc/>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

    /// <inheritdoc/>
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    /// <summary>What opens the connections. A proxy of the environment does not reach this loopback.</summary>
    internal static SocketsHttpHandler CreateHandler(Uri? endpoint, EngineTrust trust) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = endpoint is not { IsLoopback: true },
        SslOptions = trust.CreateOptions(),
    };

    private static HttpClient Connect(Uri? endpoint, EngineTrust trust, bool sendsOnce) =>
        new(new RequestHandler(CreateHandler(endpoint, trust), sendsOnce))
        {
            // EngineRequest measures the time.
            Timeout = Timeout.InfiniteTimeSpan,
        };

    /// <summary>
    /// Sends the attempts of an <see cref="EngineRequest"/>, reads their answers whole, and notes the progress of both.
    /// Where it is to, it refuses to send a request a second time, whether the SDK repeats it or .NET serializes its
    /// content again.
    /// </summary>
    private sealed class RequestHandler(HttpMessageHandler inner, bool sendsOnce) : DelegatingHandler(inner)
    {
        /// <inheritdoc/>
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            EngineRequest own = EngineRequest.Current
                ?? throw new InvalidOperationException("A request to an engine was not begun.");
            if (sendsOnce && !own.Take())
            {
                throw new HttpRequestException("The engine closed the connection; the request is not sent again.");
            }

            if (request.Content is { } content)
            {
                request.Content = new NotedContent(content, own, sendsOnce);
            }

            HttpResponseMessage response =
                await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            try
            {
                own.Note(0);
                // The SDK compares the content with it, and would give no bytes where that has rotted; and an engine
                // that encrypts sends other tags than the MD5. What is stored is verified by its chunk id.
                response.Headers.Remove("ETag");
                response.Content = await ReadAsync(response.Content, own, cancellationToken).ConfigureAwait(false);
                return response;
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }

        /// <summary>Reads a body, which the SDK would do without a limit of time.</summary>
        private static async Task<HttpContent> ReadAsync(
            HttpContent content, EngineRequest own, CancellationToken cancellationToken)
        {
            long? announced = content.Headers.ContentLength;
            byte[] body = new byte[announced is { } known ? Check(known) : FirstBufferBytes];
            int length = 0;
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (true)
                {
                    if (length == body.Length)
                    {
                        if (announced is not null)
                        {
                            break;
                        }

                        Array.Resize(ref body, Check(2L * length));
                    }

                    int read =
                        await stream.ReadAsync(body.AsMemory(length), cancellationToken).ConfigureAwait(false);
                    if (read == 0)
                    {
                        break;
                    }

                    length += read;
                    own.Note(read);
                }
            }

            if (announced is not null && length < announced)
            {
                throw new HttpIOException(HttpRequestError.ResponseEnded, "The answer ended too early.");
            }

            own.Body = body.AsMemory(0, length);
            ByteArrayContent whole = new(body, 0, length);
            foreach ((string name, IEnumerable<string> values) in content.Headers)
            {
                whole.Headers.TryAddWithoutValidation(name, values);
            }

            return whole;
        }

        private static int Check(long length) => length <= MaxBodyBytes
            ? (int)length
            : throw new HttpIOException(
                HttpRequestError.ConfigurationLimitExceeded, $"The answer has more than {MaxBodyBytes >> 20} MiB.");
    }

    /// <summary>Content whose progress is noted while it is sent.</summary>
    private sealed class NotedContent : HttpContent
    {
        private const int PieceBytes = 64 << 10;

        private readonly HttpContent content;
        private readonly EngineRequest own;
        private readonly bool sendsOnce;
        private int sent;

        public NotedContent(HttpContent content, EngineRequest own, bool sendsOnce)
        {
            (this.content, this.own, this.sendsOnce) = (content, own, sendsOnce);
            foreach ((string name, IEnumerable<string> values) in content.Headers)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        /// <inheritdoc/>
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        /// <inheritdoc/>
        protected override async Task SerializeToStreamAsync(
            Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            if (Interlocked.Exchange(ref sent, 1) != 0 && sendsOnce)
            {
                throw new HttpRequestException("The engine closed the connection; the content is not sent again.");
            }

            Stream source = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            byte[] piece = new byte[PieceBytes];
            while (await source.ReadAsync(piece, cancellationToken).ConfigureAwait(false) is > 0 and int read)
            {
                await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                own.Note(read);
            }
        }

        /// <inheritdoc/>
        protected override bool TryComputeLength(out long length)
        {
            length = content.Headers.ContentLength ?? 0;
            return content.Headers.ContentLength is not null;
        }

        /// <inheritdoc/>
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                content.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
