using System.Runtime.InteropServices;

namespace Dfss.Shell;

/// <summary>
/// Ctrl+C, SIGTERM and SIGHUP: what runs is asked to stop, so that <c>finally</c> blocks run and peers stop in good order; and
/// should it not listen, the process ends anyway.
/// </summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>After Ctrl+C a person waits. A native child or [Thread]::Sleep does not listen at all.</summary>
    private static readonly TimeSpan InterruptGrace = TimeSpan.FromSeconds(2);

    /// <summary>A peer takes up to 5 s to answer what is under way; service managers wait for 30 s and more.</summary>
    private static readonly TimeSpan TerminateGrace = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly bool _isPrompt;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Timer _deadline;
    private ShellSession? _session;
    private int? _exitCode;

    /// <param name="isPrompt">Whether Ctrl+C ends a statement only, and not the program.</param>
    public Interruption(bool isPrompt)
    {
        _isPrompt = isPrompt;
        _deadline = new Timer(_ => Environment.Exit(ExitCode ?? ExitCodes.Failure));
        Register(PosixSignal.SIGINT, ExitCodes.Interrupted, InterruptGrace);
        Register(PosixSignal.SIGTERM, ExitCodes.Terminated, TerminateGrace);
        Register(PosixSignal.SIGHUP, ExitCodes.HungUp, TerminateGrace);
    }

    /// <summary>What the process has to end with, or null while no signal told it to end.</summary>
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

    /// <summary>From now on, signals stop what runs in this session.</summary>
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

    /// <summary>What ran has stopped; peers that the session started now have as long as a service's stop may take.</summary>
    public void BeginClosing()
    {
        if (ExitCode is not null)
        {
            Arm(TerminateGrace);
        }
    }

    /// <summary>What to do at Ctrl+C where it ends a statement only.</summary>
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
            // Asked twice: whoever asks does not want to wait.
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
            // The main thread reads a line that may never come, so it cannot do this.
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
