using System.Runtime.InteropServices;

namespace Dfss.Shell;

/// <summary>
/// Handles Ctrl+C, SIGTERM and SIGHUP: asks the running pipeline to stop, so that <c>finally</c> blocks run and peers
/// stop in good order. If it does not stop in time, the process ends.
/// </summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>
    /// 2 s: after Ctrl+C a user waits. A native child process or [Thread]::Sleep cannot be stopped at all.
    /// </summary>
    private static readonly TimeSpan InterruptGrace = TimeSpan.FromSeconds(2);

    /// <summary>
    /// 10 s: a peer takes up to 5 s to answer the requests in progress; service managers wait for 30 s and more.
    /// </summary>
    private static readonly TimeSpan TerminateGrace = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly bool _isPrompt;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Timer _deadline;
    private ShellSession? _session;
    private int? _exitCode;

    /// <param name="isPrompt">Whether Ctrl+C ends only the running statement instead of the program.</param>
    public Interruption(bool isPrompt)
    {
        _isPrompt = isPrompt;
        _deadline = new Timer(_ => Environment.Exit(ExitCode ?? ExitCodes.Failure));
        Register(PosixSignal.SIGINT, ExitCodes.Interrupted, InterruptGrace);
        Register(PosixSignal.SIGTERM, ExitCodes.Terminated, TerminateGrace);
        Register(PosixSignal.SIGHUP, ExitCodes.HungUp, TerminateGrace);
    }

    /// <summary>The exit code that a signal has set; null while no signal has ended the process.</summary>
    public int? ExitCode
    {
        get
        {
            lock (_gate)
            {
                return _exitCode;
            }
        }
    }

    /// <summary>From now on, signals stop the running pipeline of this session.</summary>
    public void Watch(ShellSession session)
    {
        bool isLate;
        lock (_gate)
        {
            _session = session;
            isLate = _exitCode is not null;
        }

        if (isLate)
        {
            session.Stop(forGood: true);
        }
    }

    /// <summary>
    /// Called when the pipeline has stopped: from now, the session's peers have the time that a service has to stop.
    /// </summary>
    public void BeginClosing()
    {
        if (ExitCode is not null)
        {
            Arm(TerminateGrace);
        }
    }

    /// <summary>Runs at Ctrl+C where it ends only a statement.</summary>
    public Action? Interrupted { get; set; }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _deadline.Dispose();
    }

    private void Register(PosixSignal signal, int exitCode, TimeSpan grace) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            OnSignal(signal, exitCode, grace);
        }));

    private void OnSignal(PosixSignal signal, int exitCode, TimeSpan grace)
    {
        ShellSession? session;
        bool endsProgram = !(_isPrompt && signal == PosixSignal.SIGINT);
        bool isRepeated;
        lock (_gate)
        {
            session = _session;
            isRepeated = endsProgram && _exitCode is not null;
            if (endsProgram)
            {
                _exitCode ??= exitCode;
            }
        }

        if (isRepeated)
        {
            // A repeated signal ends the process at once: the user does not want to wait.
            Arm(TimeSpan.Zero);
            return;
        }

        if (endsProgram)
        {
            Arm(grace);
        }

        session?.Stop(forGood: endsProgram);
        if (!endsProgram)
        {
            Interrupted?.Invoke();
        }

        if (endsProgram && _isPrompt && session is { IsRunning: false })
        {
            // Not on the main thread, which may be blocked reading a line that never arrives.
            new Thread(() => CloseAndExit(session, exitCode)).Start();
        }
    }

    private void Arm(TimeSpan delay) => _deadline.Change(delay, Timeout.InfiniteTimeSpan);

    private static void CloseAndExit(ShellSession session, int exitCode)
    {
        session.Dispose();
        Environment.Exit(exitCode);
    }
}
