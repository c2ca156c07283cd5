using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Dfss.Transfer;

/// <summary>When a process started, as a text that tells it from another process that gets the same id later.</summary>
internal static class ProcessStart
{
    /// <summary>The fields of /proc/ID/stat between the name of the program and the start.</summary>
    private const int StartField = 19;

    /// <summary>That of this process.</summary>
    public static string? Own { get; } = Of(Environment.ProcessId);

    /// <summary>That of a process; null if it does not run here, or may not be inspected.</summary>
    public static string? Of(int processId)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                // Not Process.StartTime, which depends on the clock as it is now. The name, in brackets, may have any
                // character.
                string text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
                string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                return fields.Length > StartField ? fields[StartField] : null;
            }

            using var process = Process.GetProcessById(processId);
            return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException
            or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }
}
