namespace Dfss.Transfer;

/// <summary>Ends the calls to the other side of a copy if it answers none of them for a time. Safe for concurrent use.
/// </summary>
internal sealed class AnswerWatch : IDisposable
{
    /// <summary>120 s: time for one chunk over a line of 100 kbit/s, and for a disk that has to wake up.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly Action<DfssException> end;
    private readonly TimeProvider clock;
    private readonly ITimer timer;
    private readonly Lock gate = new();
    private int waiting;
    private long since;

    /// <param name="end">Fails the calls.</param>
    /// <param name="clock">The clock.</param>
    public AnswerWatch(Action<DfssException> end, TimeProvider clock)
    {
        this.end = end;
        this.clock = clock;
        timer = clock.CreateTimer(static state => ((AnswerWatch)state!).Look(), this, Limit / 8, Limit / 8);
    }

    /// <summary>A call begins to wait.</summary>
    public void Begin()
    {
        lock (gate)
        {
            if (waiting++ == 0)
            {
                since = clock.GetTimestamp();
            }
        }
    }

    /// <summary>A call waits no longer.</summary>
    /// <param name="isProgress">Whether it was answered, and is no ping: a side that only answers those hangs.</param>
    public void End(bool isProgress)
    {
        lock (gate)
        {
            waiting--;
            if (isProgress)
            {
                since = clock.GetTimestamp();
            }
        }
    }

    public void Dispose() => timer.Dispose();

    private void Look()
    {
        lock (gate)
        {
            if (waiting == 0 || clock.GetElapsedTime(since) < Limit)
            {
                return;
            }
        }

        end(new DfssException(
            DfssErrorCode.TimedOut, $"The other side of the copy has answered no call for {Limit.TotalSeconds:0} s.",
            "Run the same command again: it goes on where this one ended."));
    }
}
