using Dfss.Transport;

namespace Dfss.Peers;

/// <content>Taking connections in.</content>
public sealed partial class DfssPeer
{
    private async Task AcceptAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                IConnection connection;
                try
                {
                    connection = await listener.AcceptAsync(stopping.Token).ConfigureAwait(false);
                }
                catch (DfssException error)
                {
                    Log($"A connection could not be accepted: {error.Message}");
                    await Task.Delay(
                        RetryPolicy.Accept.PauseAfter(failures: 1), Options.TimeProvider,
                        stopping.Token).ConfigureAwait(false);
                    continue;
                }

                Serve(connection);
            }
        }
        catch (Exception error)
            when (stopping.IsCancellationRequested && error is OperationCanceledException or ObjectDisposedException)
        {
            // The peer stops.
        }
        catch (Exception error)
        {
            // A peer that can accept no more connections must not appear to be running. Stopping waits for this task;
            // it is not awaited here.
            fault = error;
            Log($"The peer can accept no more connections and stops: {error}");
            _ = StopAsync();
        }
    }

    private void Serve(IConnection accepted)
    {
        IConnection connection = tls?.Accept(accepted) ?? accepted;
        MessageChannel channel = new(
            connection, memory.Pool, Options.Channel with { TimeProvider = Options.TimeProvider });
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        string address = ConnectionLimiter.AddressOf(accepted.RemoteEndpoint);
        PeerSession? session = null;
        CountedConnection counted = new(address, () => session!.Displace());
        session = new PeerSession(
            channel, (hello, validation) => Greet(counted, hello, validation), sessionLog, address)
        {
            HelloLimit = Options.HelloLimit,
            Admit = Options.AdmitRequest,
            Delay = Options.DelaysFailedHandshakes ? failedHandshakes.DelayOf(address) : TimeSpan.Zero,
        };
        sessions[session] = ended.Task;
        connectionLimiter.Enter(counted);
        _ = RunAsync(session, counted, ended);
    }

    /// <summary>Runs a session to its end, and then completes <paramref name="ended"/>, which stopping waits
    /// for.</summary>
    private async Task RunAsync(PeerSession session, CountedConnection counted, TaskCompletionSource ended)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await session.RunAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The edge of a session: a fault in one connection is not the peer's end.
            Log($"A connection ended by a fault: {error}");
        }
        finally
        {
            connectionLimiter.Leave(counted);
            if (session.Client is null || session.HasViolated)
            {
                failedHandshakes.Count(counted.Address);
            }

            sessions.TryRemove(session, out _);
            ended.SetResult();
        }
    }
}
