namespace Dfss.Shell;

/// <summary>What the process tells whoever started it.</summary>
internal static class ExitCodes
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>The script failed: a terminating error, or for <c>-Command</c> a last statement that failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line cannot be understood. EX_USAGE of sysexits.h, and what pwsh answers.</summary>
    public const int Usage = 64;

    /// <summary>Ended by Ctrl+C: 128 + SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended because the terminal went away: 128 + SIGHUP.</summary>
    public const int HungUp = 129;

    /// <summary>Ended by SIGTERM: 128 + 15.</summary>
    public const int Terminated = 143;
}
