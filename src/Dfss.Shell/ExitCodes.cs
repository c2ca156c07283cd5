namespace Dfss.Shell;

/// <summary>The exit codes of the process.</summary>
internal static class ExitCodes
{
    /// <summary>Success.</summary>
    public const int Success = 0;

    /// <summary>The script failed: a terminating error, or for <c>-Command</c> a last statement that failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line cannot be parsed. EX_USAGE of sysexits.h, as pwsh returns.</summary>
    public const int Usage = 64;

    /// <summary>Ended by Ctrl+C: 128 + SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended because the terminal was closed: 128 + SIGHUP.</summary>
    public const int HungUp = 129;

    /// <summary>Ended by SIGTERM: 128 + 15.</summary>
    public const int Terminated = 143;
}
