using System.Globalization;

namespace Dfss;

/// <summary>A log that a caller gave, whose failures do not become failures of the work that writes to it.</summary>
internal static class GuardedLog
{
    /// <summary>
    /// The same log, which never throws. The first line that it takes after a failure says how many were lost, and why the last was.
    /// </summary>
    public static Action<string>? Guard(Action<string>? log) => log is null or { Target: Guarded } ? log : new Guarded(log).Write;

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
                    : string.Create(CultureInfo.InvariantCulture, $"{line} ({lostBefore} lines before were lost: {why})"));
            }
            catch (Exception error)
            {
                // The caller's code: there is no place left to say it but the next line.
                lock (gate)
                {
                    lost += lostBefore + 1;
                    reason = error.Message;
                }
            }
        }
    }
}
