using System.Net;
using Amazon.Runtime;

namespace Dfss.Storage.S3;

/// <summary>
/// The connections of one <see cref="S3ObjectStore"/>, shared with no other: the probe's racers must not share one.
/// </summary>
/// <param name="sendsOnce">Whether each request is sent once at most, whatever the SDK and .NET do.</param>
internal sealed class EngineConnections(bool sendsOnce) : HttpClientFactory, IDisposable
{
    private static readonly AsyncLocal<OneRequest?> Allowance = new();

    private readonly HttpClient client = Connect(sendsOnce);

    /// <inheritdoc/>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => client;

    /// <inheritdoc/>
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private static HttpClient Connect(bool sendsOnce)
    {
        SocketsHttpHandler sockets = new() { AllowAutoRedirect = false, UseCookies = false };
        return new HttpClient(sendsOnce ? new SendOnceHandler(sockets) : sockets)
        {
            // The SDK has one for each request.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Allows what is called from now on in this asynchronous flow to send one request.</summary>
    public static void AllowOne() => Allowance.Value = new OneRequest();

    /// <summary>
    /// Refuses to send a request a second time, whether the SDK repeats it or .NET serializes its content again.
    /// </summary>
    private sealed class SendOnceHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        /// <inheritdoc/>
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Allowance.Value?.Take() != true)
            {
                throw new HttpRequestException("The engine closed the connection; the request is not sent again.");
            }

            if (request.Content is { } content)
            {
                request.Content = new ContentSentOnce(content);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class OneRequest
    {
        private int taken;

        public bool Take() => Interlocked.Exchange(ref taken, 1) == 0;
    }

    private sealed class ContentSentOnce : HttpContent
    {
        private readonly HttpContent content;
        private int sent;

        public ContentSentOnce(HttpContent content)
        {
            this.content = content;
            foreach ((string name, IEnumerable<string> values) in content.Headers)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        /// <inheritdoc/>
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            Interlocked.Exchange(ref sent, 1) == 0
                ? content.CopyToAsync(stream, context)
                : throw new HttpRequestException("The engine closed the connection; the content is not sent again.");

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
