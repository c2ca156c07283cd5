using System.Globalization;

namespace Dfss.Peers;

/// <summary>
/// The lines of one peer's connections in its log. For refused connections it writes a few lines a minute, fewer for
/// one address, and at the minute's end the number of the others: a flood fills no disk and hides no other client. Safe
/// for concurrent use.
/// </summary>
/// <param name="write">Writes a line.</param>
/// <param name="clock">The clock for the minutes.</param>
internal sealed class SessionLog(Action<string> write, TimeProvider clock) : IDisposable
{
    /// <summary>60 a minute: a misconfigured fleet can be read off it, and a night's attack from everywhere is 6
    /// MB.</summary>
    public const int RefusalsPerMinute = 60;

    /// <summary>10 a minute of one address: enough to show the error of one machine.</summary>
    public const int RefusalsPerAddress = 10;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();

    // At most as many addresses as lines in all.
    private readonly Dictionary<string, int> written = [];
    private int total;
    private int skipped;
    private ITimer? windowEnd;
    private bool isDisposed;

    /// <summary>Writes a line.</summary>
    public void Write(string line) => write(line);

    /// <summary>Writes a line about a refused connection, unless there were too many in this minute.</summary>
    /// <param name="address">The client's address, from <see cref="ConnectionLimiter.AddressOf"/>.</param>
    /// <param name="line">The line.</param>
    public void WriteRefusal(string address, string line)
    {
        lock (gate)
        {
            if (!isDisposed)
            {
                windowEnd ??= clock.CreateTimer(
                    static state => ((SessionLog)state!).EndWindow(), this, Window, Timeout.InfiniteTimeSpan);
            }

            int ofAddress = written.GetValueOrDefault(address);
            if (total >= RefusalsPerMinute || ofAddress >= RefusalsPerAddress)
            {
                skipped++;
                return;
            }

            written[address] = ofAddress + 1;
            total++;
        }

        write(line);
    }

    /// <summary>Writes the number of the remaining refusals.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isDisposed = true;
        }

        EndWindow();
    }

    private void EndWindow()
    {
        int unsaid;
        lock (gate)
        {
            unsaid = skipped;
            skipped = total = 0;
            written.Clear();
            windowEnd?.Dispose();
            windowEnd = null;
        }

        if (unsaid > 0)
        {
            write(string.Create(
                CultureInfo.InvariantCulture, $"{unsaid} more were refused, which have no line of their own."));
        }
    }
}
