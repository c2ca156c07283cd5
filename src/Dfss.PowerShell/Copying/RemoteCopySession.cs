using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// A copy's use of a session: what is there, and the pipeline that answers the copy's calls until this is disposed.
/// </summary>
internal sealed class RemoteCopySession : IAsyncDisposable
{
    /// <summary>15 s: the host waits six times as long.</summary>
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(15);

    /// <summary>5 s: a call under way writes one chunk.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly PSSession session;
    private readonly CancellationTokenSource stop = new();
    private readonly PSDataCollection<object> calls = [];
    private readonly PSDataCollection<PSObject> answers = [];
    private System.Management.Automation.PowerShell? pipeline;
    private bool hasCode;
    private Task ended = Task.CompletedTask;
    private Task pinging = Task.CompletedTask;

    internal RemoteCopySession(PSSession session)
    {
        this.session = session;
        Client = new ItemCopyClient(SendAsync);
    }

    /// <summary>Makes the calls of the copy.</summary>
    internal ItemCopyClient Client { get; }

    /// <summary>Makes sure that the other side can run the copy's code.</summary>
    /// <exception cref="CmdletException">SessionNotOpen, RemoteTooOld, RemoteRestricted.</exception>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (session.Runspace.RunspaceStateInfo.State != RunspaceState.Opened
            || session.Runspace.RunspaceAvailability != RunspaceAvailability.Available)
        {
            throw Refuse(
                "SessionNotOpen", ErrorCategory.ConnectionError,
                $"The session '{session.Name}' is {session.Runspace.RunspaceStateInfo.State}, "
                    + $"{session.Runspace.RunspaceAvailability}, and cannot run a command.",
                "Give a session that is open, and runs no other command.");
        }

        IReadOnlyList<PSObject> found = await RunAsync(
            RemoteScripts.Probe, cancellationToken, ("Name", CarriedCode.ContextName)).ConfigureAwait(false);

        if (found.Count != 1 || found[0].BaseObject is not Hashtable state)
        {
            throw Restricted("It did not say which PowerShell it is.");
        }

        string version = RemoteText.Show($"{state["Version"]}");
        if (!Version.TryParse(version.Split('-')[0], out Version? number) || number < new Version(7, 6))
        {
            throw Refuse(
                "RemoteTooOld", ErrorCategory.NotImplemented,
                $"The session '{session.Name}' runs PowerShell {version}; a copy needs PowerShell 7.6 or newer there.",
                "Install PowerShell 7.6 there and connect to it (New-PSSession -ConfigurationName "
                    + "PowerShell.7, or over "
                    + "ssh), or use Copy-Item.");
        }

        if (!string.Equals($"{state["Mode"]}", "FullLanguage", StringComparison.Ordinal))
        {
            throw Restricted(RemoteText.Show($"Its language mode is {state["Mode"]}."));
        }

        hasCode = state["HasCode"] is true;
    }

    /// <summary>Resolves paths at the other side.</summary>
    /// <param name="paths">The paths as the user wrote them.</param>
    /// <param name="kind">How they are read.</param>
    /// <param name="includesHidden">Whether wildcards match hidden items too.</param>
    /// <param name="cancellationToken">Stops the script.</param>
    internal async Task<IReadOnlyList<FileSystemPath>> ResolveAsync(
        string[] paths, PathKind kind, bool includesHidden, CancellationToken cancellationToken)
    {
        IReadOnlyList<PSObject> found = await RunAsync(
            RemoteScripts.Resolve, cancellationToken, ("Path", paths), ("IsLiteral", kind == PathKind.Literal),
            ("IsNew", kind == PathKind.New), ("Force", includesHidden)).ConfigureAwait(false);
        return [.. found.Select(one => one.BaseObject).OfType<Hashtable>().Select(ToPath)];
    }

    /// <summary>Starts the pipeline that answers calls.</summary>
    internal void Start()
    {
        pipeline = Create(RemoteScripts.Serve);
        pipeline.AddParameter("Name", CarriedCode.ContextName);
        pipeline.AddParameter("Code", hasCode ? [] : CarriedCode.Bytes);
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

        pinging = PingAsync();
    }

    /// <summary>Ends the pipeline: the other side closes what is open.</summary>
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
            if (answer.BaseObject is byte[] frame)
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
        }

        Client.End(Gone(reason));
    }

    private Task SendAsync(byte[] frame)
    {
        try
        {
            calls.Add(frame);
            return Task.CompletedTask;
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

    private async Task<IReadOnlyList<PSObject>> RunAsync(
        string script, CancellationToken cancellationToken, params (string Name, object Value)[] parameters)
    {
        using System.Management.Automation.PowerShell command = Create(script);
        foreach ((string name, object value) in parameters)
        {
            command.AddParameter(name, value);
        }

        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((System.Management.Automation.PowerShell)state!).BeginStop(callback: null, state: null),
            command);
        try
        {
            using PSDataCollection<PSObject> found = await Task.Factory.FromAsync(
                command.BeginInvoke(), command.EndInvoke).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return [.. found];
        }
        catch (RemoteException error)
        {
            throw Restricted(RemoteText.ShowMessage(error.Message));
        }
        catch (Exception error) when (IsOfBrokenSession(error) && error is not PipelineStoppedException)
        {
            throw Gone(error.Message);
        }
    }

    private System.Management.Automation.PowerShell Create(string script)
    {
        var command = System.Management.Automation.PowerShell.Create();
        command.Runspace = session.Runspace;
        return command.AddScript(script, useLocalScope: true);
    }

    private CmdletException Restricted(string reason) => Refuse(
        "RemoteRestricted", ErrorCategory.PermissionDenied,
        $"The session '{session.Name}' does not let a copy load its code there. {reason}",
        "Connect to an endpoint with the full language, or use Copy-Item.");

    private CmdletException Refuse(string id, ErrorCategory category, string message, string action) =>
        new(ErrorRecords.Create(id, category, session, message, action));
}
