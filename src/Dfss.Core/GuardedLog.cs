using System.Globalization;

namespace Dfss;

/// <summary>Wraps a caller's log so that a failure of the log is not a failure of the work that writes to it.</summary>
internal static class GuardedLog
{
    /// <summary>
    /// A wrapper of the log that never throws. The first line that succeeds after failures has the number of lost lines
    /// and the reason of the last failure.
    /// </summary>
    public static Action<string>? Guard(Action<string>? log) =>
        log is null or { Target: Guarded } ? log : new Guarded(log).Write;

    private sealed class Guarded(Action<string> log)
    {
        private readonly Lock gate = new();
        private long lost;
        private string? reason;

        public void Write(string line)
        {
            long lostBefore;
            string? why;
            lock (gate)
            {
                (lostBefore, why, lost) = (lost, reason, 0);
            }

            try
            {
                log(lostBefore == 0
                    ? line
                    : string.Create(
                        CultureInfo.InvariantCulture, $"{line} ({lostBefore} lines before were lost: {why})"));
            }
            catch (Exception error)
            {
                // The caller's code failed: only the next line can report it.
                lock (gate)
                {
                    lost += lostBefore + 1;
                    reason = error.Message;
                }
            }
        }
    }
}
