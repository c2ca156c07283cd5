using System.Globalization;

namespace Dfss.Peers;

/// <summary>
/// What the connections of one peer write to its log. Of those who are not let in a few lines a minute are written, and
/// how many more there were: whoever knocks all night fills no disk. Safe for concurrent use.
/// </summary>
/// <param name="write">Writes a line.</param>
/// <param name="clock">Tells the minutes.</param>
internal sealed class SessionLog(Action<string> write, TimeProvider clock)
{
    /// <summary>20 a minute: a misconfigured fleet can be read off it, and a night's attack is 2 MB.</summary>
    public const int RefusalsPerMinute = 20;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private long windowBegan;
    private int refusals;

    /// <summary>Writes a line.</summary>
    public void Write(string line) => write(line);

    /// <summary>Writes a line about somebody who was not let in, unless there were too many of late.</summary>
    public void WriteRefusal(string line)
    {
        int skipped = 0;
        lock (gate)
        {
            if (refusals == 0 || clock.GetElapsedTime(windowBegan) >= Window)
            {
                skipped = Math.Max(0, refusals - RefusalsPerMinute);
                windowBegan = clock.GetTimestamp();
                refusals = 0;
            }

            refusals++;
            if (refusals > RefusalsPerMinute)
            {
                return;
            }
        }

        if (skipped > 0)
        {
            write(string.Create(CultureInfo.InvariantCulture, $"{skipped} more were refused, and not written down one by one."));
        }

        write(line);
    }
}
