using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// Listens for the other side of one copy. A connection whose certificate is not the pinned one ends in its handshake.
/// </summary>
internal sealed class ItemListener : IAsyncDisposable
{
    /// <summary>16: the other side has one, and a few attempts at once.</summary>
    private const int MaxConnections = 16;

    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(10);

    private readonly IConnectionListener listener;
    private readonly PinnedTls tls;
    private readonly ItemServer server;
    private readonly Action heard;
    private readonly PayloadPool pool = new(DfssLimits.PayloadBudgetBytes / 2);
    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim room = new(MaxConnections);
    private readonly List<Task> sessions = [];
    private readonly Task accepting;

    /// <param name="listener">Takes the connections; disposed with this.</param>
    /// <param name="tls">Authenticates them.</param>
    /// <param name="server">Answers the calls.</param>
    /// <param name="heard">Called at the begin and at the end of each call.</param>
    public ItemListener(IConnectionListener listener, PinnedTls tls, ItemServer server, Action heard)
    {
        this.listener = listener;
        this.tls = tls;
        this.server = server;
        this.heard = heard;
        accepting = AcceptAsync();
    }

    public int Port => listener.Endpoints[0].Port;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await listener.DisposeAsync().ConfigureAwait(false);
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(sessions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        room.Dispose();
    }

    private async Task AcceptAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!stop.IsCancellationRequested)
        {
            await room.WaitAsync(stop.Token).ConfigureAwait(false);
            IConnection connection;
            try
            {
                connection = await listener.AcceptAsync(stop.Token).ConfigureAwait(false);
            }
            catch (DfssException)
            {
                // Such as too many open files: the next attempt may succeed, and the client has the session.
                room.Release();
                await Task.Delay(
                    RetryPolicy.Accept.PauseAfter(failures: 1), TimeProvider.System, stop.Token).ConfigureAwait(false);
                continue;
            }

            sessions.RemoveAll(session => session.IsCompleted);
            sessions.Add(ServeAsync(connection));
        }
    }

    private async Task ServeAsync(IConnection accepted)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        TlsConnection connection = tls.Accept(accepted);
        try
        {
            using (CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop.Token))
            {
                limit.CancelAfter(HandshakeLimit);
                await connection.SecureAsync(limit.Token).ConfigureAwait(false);
            }

            ChannelOptions options = new() { MaxBodyBytes = DfssLimits.MaxFrameBytes, IdleLimit = null };
            MessageChannel channel = new(connection, pool, options);
            await using (channel.ConfigureAwait(false))
            {
                await AnswerAllAsync(channel).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            // An unauthenticated client, or a connection that broke: the client of the copy sees that at its side.
            connection.Abort();
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (!stop.IsCancellationRequested)
            {
                room.Release();
            }
        }
    }

    private async Task AnswerAllAsync(MessageChannel channel)
    {
        using SemaphoreSlim answering = new(DfssLimits.MaxRequestsInFlight);
        List<Task> answers = [];
        try
        {
            while (true)
            {
                await answering.WaitAsync(stop.Token).ConfigureAwait(false);
                if (await channel.ReadAsync(stop.Token).ConfigureAwait(false) is not { } request)
                {
                    return;
                }

                heard();
                answers.RemoveAll(answer => answer.IsCompleted);
                answers.Add(AnswerAsync(channel, request, answering));
            }
        }
        finally
        {
            channel.Abort();
            await Task.WhenAll(answers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AnswerAsync(MessageChannel channel, ReceivedMessage request, SemaphoreSlim answering)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using ReceivedMessage owned = request;
            using ItemAnswer answer = await server.AnswerAsync(
                request.Message, request.Payload?.Memory ?? default, stop.Token).ConfigureAwait(false);
            await channel.WriteAsync(answer.Message, answer.Payload, stop.Token).ConfigureAwait(false);
        }
        finally
        {
            heard();
            answering.Release();
        }
    }
}
