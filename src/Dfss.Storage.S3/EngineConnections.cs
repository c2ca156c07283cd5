using System.Net;
using Amazon.Runtime;

namespace Dfss.Storage.S3;

/// <summary>
/// The connections of one <see cref="S3ObjectStore"/>, shared with no other: the probe's racers must not share one.
/// </summary>
/// <param name="sendsOnce">Whether each request is sent once at most, whatever the SDK and .NET do.</param>
internal sealed class EngineConnections(bool sendsOnce) : HttpClientFactory, IDisposable
{
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

    /// <summary>
    /// Refuses to send a request a second time: the SDK's own repetition has a header that says so, that of .NET
    /// serializes the content again.
    /// </summary>
    private sealed class SendOnceHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const string Attempt = "amz-sdk-request";

        /// <inheritdoc/>
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Headers.TryGetValues(Attempt, out IEnumerable<string>? attempts)
                && !attempts.Any(attempt => attempt.StartsWith("attempt=1;", StringComparison.Ordinal)))
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
