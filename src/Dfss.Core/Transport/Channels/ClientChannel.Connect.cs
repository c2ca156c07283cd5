using System.Net;
using System.Runtime.CompilerServices;
using Dfss.Protocol;
using Dfss.Security;
using Polly;

namespace Dfss.Transport;

/// <content>Connecting and the hello handshake.</content>
internal sealed partial class ClientChannel
{
    /// <summary>The request id of hello, the first request.</summary>
    private const uint HelloId = 0;

    /// <summary>The pipelines of <see cref="RetryPolicy.BusyPeer"/>, one for each clock in use.</summary>
    private static readonly ConditionalWeakTable<TimeProvider, ResiliencePipeline> BusyRetries = [];

    /// <summary>Connects and completes hello; retries a few times if the peer is busy.</summary>
    /// <exception cref="DfssException">
    /// PeerUnreachable, TimedOut, NotADfssPeer, VersionNotSupported, PeerBusy, the errors of
    /// <see cref="TlsTransport.ConnectAsync(PeerAddress, TimeSpan, CancellationToken)"/>, or the error that the peer
    /// answered; each names the peer.
    /// </exception>
    public static async Task<ClientChannel> ConnectAsync(
        PeerAddress address, ClientChannelOptions options, CancellationToken cancellationToken) =>
        await BusyRetries.GetValue(options.Channel.TimeProvider, RetryPolicy.BusyPeer.Build).ExecuteAsync(
            static async (of, token) =>
            {
                ClientChannel channel = await ConnectOnceAsync(of.address, of.options, token).ConfigureAwait(false);
                return await ExchangeAsync(channel, of.address, of.options, token).ConfigureAwait(false);
            },
            (address, options),
            cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// A channel without hello, over a connection whose two ends know each other otherwise: both run one build.
    /// </summary>
    /// <param name="address">The address, for messages.</param>
    /// <param name="connection">The connection; the channel owns it.</param>
    public static ClientChannel Over(PeerAddress address, IConnection connection)
    {
        MessageChannel channel = new(
            connection, new PayloadPool(ClientChannelOptions.DefaultPoolBytes * 2),
            new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes, IdleLimit = null });
        return new ClientChannel(address, channel, new HelloAnswer(
            Handshake.SupportedVersions[0], Handshake.Software, default, [], [], HelloLimits.Default));
    }

    private static async Task<ClientChannel> ConnectOnceAsync(
        PeerAddress address, ClientChannelOptions options, CancellationToken cancellationToken)
    {
        IConnection connection = await options.Connect(
            address, options.ConnectTimeout, cancellationToken).ConfigureAwait(false);
        string? token = FindToken(connection, options);
        IPEndPoint? endpoint = connection.RemoteEndpoint;
        bool isTls = connection.ValidationResult is not null;
        try
        {
            return await GreetAsync(address, connection, token, options, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException refusal) when (refusal.Code == DfssErrorCode.NotAuthenticated
            && endpoint is not null && LoopbackToken.Find(options.StateFolder, endpoint) is { } now && now != token)
        {
            // The peer was starting: it had not written its token yet when this client read it.
            connection = await options.Connect(
                address, options.ConnectTimeout, cancellationToken).ConfigureAwait(false);
            token = FindToken(connection, options);
            return await GreetAsync(address, connection, token, options, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException refusal) when (refusal.Code == DfssErrorCode.NotAuthenticated && !isTls
            && token is null && endpoint is not null
            && LoopbackToken.Explain(options.StateFolder, endpoint) is { } explanation)
        {
            throw new DfssException(refusal.Code, address, $"{refusal.Detail} {explanation}", refusal.Advice, refusal);
        }
    }

    private static async Task<ClientChannel> ExchangeAsync(
        ClientChannel channel, PeerAddress address, ClientChannelOptions options, CancellationToken cancellationToken)
    {
        try
        {
            if (options.Revocations is { } revocations)
            {
                await revocations.RunAsync(channel, address, cancellationToken).ConfigureAwait(false);
            }

            if (options.Issuer is { } issuer)
            {
                await issuer.RunAsync(channel, address, cancellationToken).ConfigureAwait(false);
            }

            return channel;
        }
        catch
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The token of the peer at the other end; none over TLS, where certificates identify the peer.</summary>
    private static string? FindToken(IConnection connection, ClientChannelOptions options) =>
        connection.ValidationResult is null && connection.RemoteEndpoint is { } endpoint
            ? LoopbackToken.Find(options.StateFolder, endpoint)
            : null;

    private static async Task<ClientChannel> GreetAsync(
        PeerAddress address, IConnection connection, string? token, ClientChannelOptions options,
        CancellationToken cancellationToken)
    {
        MessageChannel channel = new(
            connection, options.Pool, options.Channel with { MaxBodyBytes = DfssLimits.MaxHelloFrameBytes });
        try
        {
            HelloAnswer hello = await SayHelloAsync(
                address, channel, token, options, cancellationToken).ConfigureAwait(false);
            ThrowIfAnotherStore(address, channel.ValidationResult?.Identity, hello);
            channel.MaxBodyBytes = DfssLimits.MaxFrameBytes;
            return new ClientChannel(address, channel, hello);
        }
        catch
        {
            channel.Abort();
            await channel.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<HelloAnswer> SayHelloAsync(
        PeerAddress address, MessageChannel channel, string? token, ClientChannelOptions options,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = new(options.ConnectTimeout, options.Channel.TimeProvider);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, timeout.Token);
        try
        {
            HelloRequest request = new(options.Versions, options.Software, Capabilities: []) { Token = token };
            Message hello = Message.Request(HelloId, Operations.Hello, request.ToMap());
            await channel.WriteAsync(hello, payload: null, limit.Token).ConfigureAwait(false);
            using ReceivedMessage? received = await channel.ReadAsync(limit.Token).ConfigureAwait(false);
            return ReadHello(address, received?.Message, options);
        }
        catch (DfssException exception)
            when (exception.Code is DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded)
        {
            throw NotAPeer(address, exception);
        }
        catch (DfssException exception) when (exception.Peer is null)
        {
            throw exception.At(address);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(
                DfssErrorCode.TimedOut,
                address,
                "something listens there, and did not answer hello within "
                    + $"{options.ConnectTimeout.TotalSeconds:0.#} s.",
                "Check that a DFSS peer listens on this port, and whether it is overloaded.",
                exception);
        }
    }

    private static HelloAnswer ReadHello(PeerAddress address, Message? message, ClientChannelOptions options)
    {
        if (message is null)
        {
            throw new DfssException(
                DfssErrorCode.PeerUnreachable, address, $"the connection was closed before hello was answered.");
        }

        if (message.Status != DfssErrorCode.None && message.Id is null or HelloId)
        {
            throw ErrorAnswer.ToException(message);
        }

        if (message.Operation is not null || message.Id != HelloId)
        {
            throw new DfssException(DfssErrorCode.ProtocolViolation, "The received data is not an answer to hello.");
        }

        HelloAnswer answer;
        try
        {
            answer = HelloAnswer.FromMap(message.Map);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.InvalidArgument)
        {
            throw NotAPeer(address, exception);
        }

        return options.Versions.Contains(answer.Version) ? answer : throw new DfssException(
            DfssErrorCode.VersionNotSupported,
            address,
            $"the peer chose protocol version {answer.Version}, and {Handshake.Join(options.Versions)} was offered.",
            "Update the older side.");
    }

    /// <summary>A peer whose certificate names a store must serve that store and no other.</summary>
    private static void ThrowIfAnotherStore(PeerAddress address, RemoteIdentity? peer, HelloAnswer hello)
    {
        if (peer?.StoreId is StoreId named && named != hello.StoreId)
        {
            throw new DfssException(
                DfssErrorCode.CertificateNotTrusted,
                address,
                $"the certificate there is for store {named}, and the peer claims to be store {hello.StoreId}.",
                "Do not use this peer until the reason is known.");
        }
    }

    private static DfssException NotAPeer(PeerAddress address, DfssException exception) => new(
        DfssErrorCode.NotADfssPeer, address, $"what answers there is not a DFSS peer. ({exception.Reason})",
        "Check the port.", exception);
}
