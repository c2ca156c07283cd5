using System.Collections.Concurrent;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>Tries the addresses of a host at once; the first that authenticates is used.</summary>
internal sealed class ItemConnector(PinnedTls tls, TimeSpan limit)
{
    private readonly ConcurrentQueue<string> failures = new();

    /// <summary>Why each attempt failed.</summary>
    public IReadOnlyCollection<string> Failures => failures;

    /// <summary>A channel to the host; null if no address leads to it.</summary>
    public async Task<(ClientChannel Channel, PeerAddress Address)?> ConnectAsync(
        IReadOnlyList<PeerAddress> addresses, CancellationToken cancellationToken)
    {
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(limit);
        List<Task<ClientChannel?>> attempts = [.. addresses.Select(address => TryConnectAsync(address, enough.Token))];
        (ClientChannel Channel, PeerAddress Address)? first = null;
        await foreach (Task<ClientChannel?> attempt in Task.WhenEach(attempts).ConfigureAwait(false))
        {
            if (await attempt.ConfigureAwait(false) is not { } channel)
            {
                continue;
            }

            if (first is null)
            {
                first = (channel, addresses[attempts.IndexOf(attempt)]);
                await enough.CancelAsync().ConfigureAwait(false);
            }
            else
            {
                await channel.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (cancellationToken.IsCancellationRequested && first is { } unused)
        {
            await unused.Channel.DisposeAsync().ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return first;
    }

    private async Task<ClientChannel?> TryConnectAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        TlsConnection? connection = null;
        ClientChannel? channel = null;
        try
        {
            connection = tls.Connect(
                await TcpTransport.ConnectAsync(address, limit, cancellationToken).ConfigureAwait(false));
            await connection.SecureAsync(cancellationToken).ConfigureAwait(false);
            channel = ClientChannel.Over(address, connection);

            // In TLS 1.3 a host refuses a client after the client's handshake: an answer shows that it has not.
            await channel.PingAsync(cancellationToken).ConfigureAwait(false);
            return channel;
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            failures.Enqueue(error is DfssException known ? known.Reason : $"{address}: no answer in time.");
            if (channel is not null)
            {
                await channel.DisposeAsync().ConfigureAwait(false);
            }
            else if (connection is not null)
            {
                connection.Abort();
                await connection.DisposeAsync().ConfigureAwait(false);
            }

            return null;
        }
    }
}
