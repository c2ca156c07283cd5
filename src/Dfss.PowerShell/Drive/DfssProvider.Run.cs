using System.Collections.Concurrent;
using System.Globalization;
using System.Management.Automation;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Dfss.Transfer;
using Microsoft.PowerShell.Commands;

namespace Dfss.Commands;

/// <content>
/// The asynchronous body of each call: it can be stopped, and the user sees when it waits.
/// </content>
public sealed partial class DfssProvider
{
    /// <summary>250 ms: more than the 200 ms that a lost packet costs TCP. Progress names peers from then on.</summary>
    private static readonly TimeSpan LeastShown = TimeSpan.FromMilliseconds(250);

    private volatile PipelineBridge? running;
    private readonly PipelineBridge stop = new();

    /// <summary>Whether the user has stopped the command.</summary>
    internal bool IsStopped => stop.StopToken.IsCancellationRequested || Stopping;

    /// <summary>
    /// Whether the user has stopped the pipeline. The engine tells only the last provider object of a command, and may
    /// dispose a command before it tells it; but while a pipeline stops, a write of progress throws.
    /// </summary>
    internal bool IsPipelineStopped()
    {
        if (IsStopped)
        {
            return true;
        }

        try
        {
            WriteProgress(new ProgressRecord(0, "Drive", "Waiting") { RecordType = ProgressRecordType.Completed });
            return false;
        }
        catch (PipelineStoppedException)
        {
            return true;
        }
        catch (InvalidOperationException)
        {
            // The pipeline does not stop, but ends by an error, and its commands may not write any more.
            return false;
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        stop.Stop();
        running?.Stop();
    }

    /// <summary>Runs a body for a path.</summary>
    internal T Run<T>(DrivePath path, Func<DriveCall, CancellationToken, Task<T>> runAsync) =>
        Run(path.Shown, path.Drive.Store.Messages, path.Drive.Store.Client, said: null, runAsync);

    /// <summary>
    /// Runs a body that changes what is stored. A warning may end the command (-WarningAction Stop), after which the
    /// engine takes no object and no error of it; so what the body says is kept until what it has done is written. It
    /// does not warn of silent peers: progress names them.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="said">Takes what the body says, for <see cref="Tell"/>.</param>
    /// <param name="runAsync">The body.</param>
    internal T Change<T>(
        DrivePath path, ConcurrentQueue<DriveMessage> said, Func<DriveCall, CancellationToken, Task<T>> runAsync)
    {
        try
        {
            return Run(path.Shown, path.Drive.Store.Messages, path.Drive.Store.Client, said, runAsync);
        }
        finally
        {
            DriveStore.NoteChange();
        }
    }

    /// <summary>Writes what a change has said.</summary>
    /// <param name="path">The path.</param>
    /// <param name="said">What it has said.</param>
    /// <param name="outcome">What has changed, as a sentence: the message may be all that the user sees.</param>
    internal void Tell(DrivePath path, ConcurrentQueue<DriveMessage> said, string outcome)
    {
        while (said.TryDequeue(out DriveMessage? message))
        {
            Write(
                path.Drive.Store.Messages,
                message.IsWarning ? message with { Text = $"{message.Text} {outcome}" } : message);
        }
    }

    /// <summary>
    /// Runs a body. What it throws ends the command, with the error that the commands for stored files would give.
    /// </summary>
    private T Run<T>(
        string path, DriveMessages messages, DfssClient? client, ConcurrentQueue<DriveMessage>? said,
        Func<DriveCall, CancellationToken, Task<T>> runAsync)
    {
        T result = default!;
        var bridge = new PipelineBridge();
        var shown = new ProgressRecord(ActivityOf(messages), path, "Waiting");
        bool isShown = false;
        Action endMessages = messages.ShowWith(
            said is null ? message => _ = bridge.InvokeAsync(() => Write(messages, message)) : said.Enqueue, path);
        ExceptionDispatchInfo? ending;
        running = bridge;
        if (IsStopped)
        {
            bridge.Stop();
        }

        try
        {
            ending = bridge.Run(async token =>
            {
                var call = new DriveCall(bridge);
                var wait = new DriveWait(
                    messages.Clock,
                    waited => bridge.InvokeAsync(() => isShown = Show(shown, Describe(call, client, waited))),
                    () => Task.FromResult(said is not null || WarnOfSilence(messages, client)));
                result = await RunWithWaitAsync(wait, call, runAsync, token).ConfigureAwait(false);
            });
        }
        finally
        {
            running = null;
            endMessages();
            bridge.Close();
        }

        if (isShown && !IsStopped)
        {
            shown.RecordType = ProgressRecordType.Completed;
            WriteProgress(shown);
        }

        Throw(ending, bridge, path);
        return result;
    }

    private static async Task<T> RunWithWaitAsync<T>(
        DriveWait wait, DriveCall call, Func<DriveCall, CancellationToken, Task<T>> runAsync,
        CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task waiting = wait.RunAsync(end.Token);
        try
        {
            return await runAsync(call, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Ends the command. Not by ThrowTerminatingError, of which the engine keeps the exception, but not the error's id.
    /// </summary>
    private static void Throw(ExceptionDispatchInfo? ending, PipelineBridge bridge, string path)
    {
        switch (ending?.SourceException)
        {
            case OperationCanceledException when bridge.StopToken.IsCancellationRequested:
                throw new PipelineStoppedException();
            case DfssException failure:
                throw new CmdletException(ErrorRecords.Create(failure, failure.Peer?.ToString() ?? path));
            default:
                ending?.Throw();
                break;
        }
    }

    private bool Show(ProgressRecord record, string status)
    {
        record.StatusDescription = status;
        try
        {
            WriteProgress(record);
            return true;
        }
        catch (InvalidOperationException)
        {
            // The pipeline ends by an error: what Set-Content has got until then is stored all the same.
            return false;
        }
    }

    /// <summary>
    /// Does what a command asks for. An error is about this path alone, and the command goes on with the next one, as
    /// -ErrorAction says; where the peers cannot be spoken with, it ends.
    /// </summary>
    private T? Do<T>(Func<T?> act)
        where T : class
    {
        try
        {
            return act();
        }
        catch (CmdletException exception) when (
            exception.InnerException is not DfssException failure || !ErrorRecords.IsAboutThePeers(failure))
        {
            WriteError(exception.Error);
            return null;
        }
    }

    private void Do(Action act) => Do<object>(() =>
    {
        act();
        return null;
    });

    /// <summary>
    /// Looks where the engine takes every exception for "no": the error is written, each time that it asks.
    /// </summary>
    private bool Ask(DrivePath? path, Func<DriveItem, bool> test)
    {
        try
        {
            DriveOptions.ThrowIfGiven(DynamicParameters as FileSystemItemProviderDynamicParameters);
            return path is not null && test(Look(path));
        }
        catch (CmdletException exception)
        {
            WriteError(exception.Error);
            return false;
        }
    }

    private bool Write(DriveMessages messages, DriveMessage message)
    {
        try
        {
            Action<string> write = message.IsWarning ? WriteWarning : WriteVerbose;
            write(message.Text);
        }
        catch (PipelineStoppedException)
        {
            // It ends the command, and also the next one that it is about.
            messages.Forget();
            throw;
        }

        return true;
    }

    /// <summary>What the body does, and which peers it waits for.</summary>
    private static string Describe(DriveCall call, DfssClient? client, TimeSpan waited)
    {
        string silent = client is null ? "the cluster" : FindSilent(client, LeastShown);
        string?[] parts = [call.Doing, Waiting(silent)];
        string what = string.Join(", ", parts.OfType<string>().DefaultIfEmpty("working"));
        return string.Create(CultureInfo.InvariantCulture, $"{what}, {waited.TotalSeconds:0} s; Ctrl+C stops");
    }

    private static string? Waiting(string peers) => peers.Length > 0 ? $"waiting for an answer from {peers}" : null;

    /// <summary>Warns of the peers that do not answer; whether there are any.</summary>
    internal static bool WarnOfSilence(DriveMessages messages, DfssClient? client)
    {
        if (client is null || FindSilent(client, DriveWait.LeastSilence) is not { Length: > 0 } silent)
        {
            return false;
        }

        messages.WarnOfWait(
            $"Waiting for an answer from {silent}. A peer that is only slow is waited for. One that is lost times out "
                + "after 5 s if there is no connection to it, and after 30 s if there is one; Ctrl+C stops the "
                + "command.");
        return true;
    }

    private static string FindSilent(DfssClient client, TimeSpan least) =>
        string.Join(", ", client.FindSilent(least).Select(peer => peer.ToString()));

    /// <summary>One bar for each drive.</summary>
    private static int ActivityOf(DriveMessages messages) =>
        RuntimeHelpers.GetHashCode(messages) & int.MaxValue;
}
