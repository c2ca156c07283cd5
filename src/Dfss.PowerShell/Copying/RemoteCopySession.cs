using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// A copy's use of a session: what is there, and the pipeline that answers the copy's calls until this is disposed.
/// </summary>
internal sealed partial class RemoteCopySession : IAsyncDisposable
{
    /// <summary>15 s: the host waits six times as long.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);

    /// <summary>5 s: a call under way writes one chunk.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly PSSession session;
    private readonly CancellationTokenSource stop = new();
    private readonly PSDataCollection<object> calls = [];
    private readonly PSDataCollection<PSObject> answers = [];
    private readonly List<Hashtable> told = [];
    private readonly TaskCompletionSource opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private System.Management.Automation.PowerShell? pipeline;
    private int pathCount;
    private Task ended = Task.CompletedTask;
    private Task pinging = Task.CompletedTask;

    internal RemoteCopySession(PSSession session)
    {
        this.session = session;
        Client = new ItemCopyClient(SendAsync);
    }

    /// <summary>Makes the calls of the copy.</summary>
    internal ItemCopyClient Client { get; }

    /// <summary>
    /// Starts the pipeline, makes sure that the other side can run the copy's code, and resolves paths there.
    /// </summary>
    /// <param name="paths">The paths as the user wrote them.</param>
    /// <param name="kind">How they are read.</param>
    /// <param name="includesHidden">Whether wildcards match hidden items too.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CmdletException">SessionNotOpen, RemoteTooOld, RemoteRestricted.</exception>
    /// <exception cref="DfssException">PeerUnreachable: the session has ended.</exception>
    internal async Task<IReadOnlyList<FileSystemPath>> OpenAsync(
        string[] paths, PathKind kind, bool includesHidden, CancellationToken cancellationToken)
    {
        ThrowIfNotOpen();
        pathCount = paths.Length;
        pipeline = Create(RemoteScripts.Serve);
        pipeline.AddParameter("Path", paths).AddParameter("IsLiteral", kind == PathKind.Literal)
            .AddParameter("IsNew", kind == PathKind.New).AddParameter("Force", includesHidden);
        answers.DataAdded += (_, _) => TakeAnswers();
        try
        {
            ended = EndAsync(Task.Factory.FromAsync(
                pipeline.BeginInvoke(calls, answers), result => pipeline.EndInvoke(result)));
        }
        catch (Exception error) when (IsOfBrokenSession(error))
        {
            throw Gone(error.Message);
        }

        // While the other side finds the paths.
        _ = CarriedCode.Bytes;
        try
        {
            await opened.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RemoteException error)
        {
            // Such as a syntax that an older version does not know.
            ThrowIfNotFit(await ProbeAsync(cancellationToken).ConfigureAwait(false));
            throw Restricted(RemoteText.ShowMessage(error.Message));
        }

        ThrowIfNotFit(told[0]);
        return [.. told.Skip(1).Select(ToPath)];
    }

    /// <summary>Sends the code. From then on the pipeline answers calls.</summary>
    internal void Start()
    {
        Send(CarriedCode.Bytes);
        pinging = PingAsync();
    }

    /// <summary>Ends the pipeline: the other side closes what is open, and unloads the copy's code.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await pinging.ConfigureAwait(false);
        stop.Dispose();
        await Client.DisposeAsync().ConfigureAwait(false);
        if (pipeline is not null && TryCompleteCalls())
        {
            await ended.WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!ended.IsCompleted)
            {
                // The script's clean block runs then too.
                await Task.Factory.FromAsync(pipeline.BeginStop, pipeline.EndStop, state: null)
                    .WaitAsync(EndLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        // The engine waits a minute for a session whose other side has gone; the user does not.
        Task releasing = ReleaseAsync();
        if (ended.IsCompleted)
        {
            await releasing.ConfigureAwait(false);
        }
    }

    private async Task ReleaseAsync()
    {
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        pipeline?.Dispose();
        calls.Dispose();
        answers.Dispose();
    }

    /// <summary>Ends the input of the pipeline; false if the other side has ended with the session.</summary>
    private bool TryCompleteCalls()
    {
        try
        {
            calls.Complete();
            return true;
        }
        catch (Exception error) when (IsOfBrokenSession(error))
        {
            return false;
        }
    }

    private static FileSystemPath ToPath(Hashtable found)
    {
        string path = RemoteText.Show($"{found["Path"]}");
        string problem = RemoteText.ShowMessage($"{found["Problem"]}");
        return problem.Length == 0
            ? new FileSystemPath(
                [.. LanguagePrimitives.ConvertTo<string[]>(found["Found"])], Errors: [])
            : new FileSystemPath([], [ErrorRecords.Create(
                "PathNotFound", ErrorCategory.ObjectNotFound, path,
                $"'{path}' cannot be found at the session's side: {problem}",
                "Check the path; use -LiteralPath if it has brackets.")]);
    }

    private void TakeAnswers()
    {
        foreach (PSObject answer in answers.ReadAll())
        {
            if (answer.BaseObject is Hashtable found && told.Count <= pathCount)
            {
                told.Add(found);
                if (told.Count > pathCount)
                {
                    opened.TrySetResult();
                }
            }
            else if (answer.BaseObject is byte[] frame)
            {
                try
                {
                    Client.Receive(frame);
                }
                catch (DfssException failure)
                {
                    Client.End(failure);
                }
            }
        }
    }

    private async Task EndAsync(Task running)
    {
        string reason = "its pipeline ended.";
        try
        {
            await running.ConfigureAwait(false);
        }
        catch (Exception error) when (IsOfBrokenSession(error))
        {
            reason = error.Message;
            if (error is RemoteException)
            {
                opened.TrySetException(error);
            }
        }

        opened.TrySetException(Gone(reason));
        Client.End(Gone(reason));
    }

    private Task SendAsync(byte[] frame)
    {
        Send(frame);
        return Task.CompletedTask;
    }

    private void Send(byte[] bytes)
    {
        try
        {
            calls.Add(bytes);
        }
        catch (Exception error) when (IsOfBrokenSession(error))
        {
            throw Gone(error.Message);
        }
    }

    /// <summary>
    /// What the engine throws where the other side or the connection has gone; at times a NullReferenceException of its
    /// own, from Fragmentor.Fragment.
    /// </summary>
    private static bool IsOfBrokenSession(Exception error) =>
        error is IOException or RuntimeException or InvalidOperationException or NullReferenceException;

    private DfssException Gone(string reason) => new(
        DfssErrorCode.PeerUnreachable,
        $"The session '{session.Name}' answers no more: {RemoteText.ShowMessage(reason)}",
        "Connect again, and run the same command: it goes on where this one ended.");

    private async Task PingAsync()
    {
        using PeriodicTimer timer = new(PingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false))
            {
                await Client.PingAsync(stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or DfssException)
        {
            // The copy has ended, or the session: the copy's own calls say so.
        }
    }

    private System.Management.Automation.PowerShell Create(string script)
    {
        var command = System.Management.Automation.PowerShell.Create();
        command.Runspace = session.Runspace;
        return command.AddScript(script, useLocalScope: true);
    }
}
