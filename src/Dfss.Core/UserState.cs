namespace Dfss;

/// <summary>The folder for state that this user's programs keep between runs and can do without.</summary>
public static class UserState
{
    private const string UnixName = "dfss";
    private const string Name = "Dfss";

    /// <summary>
    /// $XDG_STATE_HOME/dfss if that variable is set to an absolute path; else ~/.local/state/dfss, on macOS
    /// ~/Library/Application Support/Dfss, on Windows %LOCALAPPDATA%\Dfss. Null for a user without a home folder.
    /// </summary>
    public static string? Folder
    {
        get
        {
            // The XDG specification says that a relative path is ignored.
            string? chosen = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
            if (Path.IsPathRooted(chosen))
            {
                return Path.Combine(chosen, UnixName);
            }

            if (OperatingSystem.IsWindows())
            {
                return Below(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Name);
            }

            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return OperatingSystem.IsMacOS()
                ? Below(home, "Library", "Application Support", Name)
                : Below(home, ".local", "state", UnixName);
        }
    }

    private static string? Below(string folder, params string[] names) =>
        folder.Length > 0 ? Path.Combine([folder, .. names]) : null;
}
