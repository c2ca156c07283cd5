using System.Collections.Concurrent;
using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>Taking connections in.</content>
public sealed partial class DfssPeer
{
    /// <summary>1 s to tell a client that there is no room for it.</summary>
    private static readonly TimeSpan TurnAwayLimit = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<MessageChannel, Task> turnedAway = new();

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
                    // For want of file handles, for example: those in use are given back in time.
                    Log($"A connection could not be accepted: {error.Message}");
                    await Task.Delay(TimeSpan.FromMilliseconds(100), Options.TimeProvider, stopping.Token).ConfigureAwait(false);
                    continue;
                }

                Serve(connection);
            }
        }
        catch (Exception error) when (stopping.IsCancellationRequested && error is OperationCanceledException or ObjectDisposedException)
        {
            // The peer stops.
        }
        catch (Exception error)
        {
            // A peer that can accept nobody any more must not look alive. Stopping waits for this task; it is not waited for here.
            fault = error;
            Log($"The peer can accept no more connections and stops: {error}");
            _ = StopAsync();
        }
    }

    private void Serve(IConnection accepted)
    {
        IConnection connection = tls?.Accept(accepted) ?? accepted;
        MessageChannel channel = new(connection, pool, new ChannelOptions { TimeProvider = Options.TimeProvider });
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (sessions.Count >= DfssLimits.MaxConnections)
        {
            Log($"{connection.RemoteAddress} was turned away: {DfssLimits.MaxConnections} connections are the most.");
            if (turnedAway.Count >= DfssLimits.MaxConnections)
            {
                // A flood: there is no end to telling.
                connection.Abort();
            }

            turnedAway[channel] = ended.Task;
            _ = TurnAwayAsync(channel, ended);
            return;
        }

        PeerSession session = new(channel, new AnswerMemory(pool, answerBytes), Greet, sessionLog);
        sessions[session] = ended.Task;
        _ = RunAsync(session, ended);
    }

    /// <summary>Runs a session to its end; <paramref name="ended"/>, which stopping waits for, tells of it.</summary>
    private async Task RunAsync(PeerSession session, TaskCompletionSource ended)
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
            sessions.TryRemove(session, out _);
            ended.SetResult();
        }
    }

    /// <summary>Says that there is no room, and closes.</summary>
    private async Task TurnAwayAsync(MessageChannel channel, TaskCompletionSource ended)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            using CancellationTokenSource limit = new(TurnAwayLimit, Options.TimeProvider);
            DfssException reason = new(
                DfssErrorCode.PeerBusy, $"This peer serves {DfssLimits.MaxConnections} connections, and more it does not take.", "Try again later.");
            await channel.WriteAsync(ErrorAnswer.Create(id: null, reason), payload: null, limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            Log($"{channel.RemoteAddress} could not be told so: {error.Message}");
            channel.Abort();
        }
        finally
        {
            await channel.DisposeAsync().ConfigureAwait(false);
            turnedAway.TryRemove(channel, out _);
            ended.SetResult();
        }
    }
}
