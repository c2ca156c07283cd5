using System.Reflection;

namespace Dfss.Loader;

/// <summary>
/// Loads the module's assemblies into a separate load context, so that their dependencies (MessagePack, SQLite) do not
/// conflict with the versions that PowerShell or another module has loaded. Only the module's psm1 calls it.
/// </summary>
/// <remarks>
/// One context for the whole process: runspaces and repeated imports of the module share it. It is not collectible,
/// because PowerShell never releases a cmdlet's type.
/// </remarks>
public static class ModuleLoader
{
    private static readonly Lock Gate = new();
    private static ModuleLoadContext? loaded;

    /// <summary>Loads the cmdlets' assembly; every later call returns the same one.</summary>
    /// <param name="libraryFolder">The folder with Dfss.PowerShell.dll and its dependencies.</param>
    /// <exception cref="InvalidOperationException">This process has loaded the module from another folder.</exception>
    public static Assembly Load(string libraryFolder)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(libraryFolder));
        lock (Gate)
        {
            loaded ??= new ModuleLoadContext(folder);
            if (!string.Equals(loaded.Folder, folder, StringComparison.Ordinal))
            {
                throw new InvalidOperationException(
                    $"This process already runs the DFSS module of '{loaded.Folder}', and a process can run "
                    + "one copy only. "
                    + $"To use the one of '{folder}', start a new PowerShell.");
            }

            return loaded.LoadFast(Path.Combine(folder, "Dfss.PowerShell.dll"));
        }
    }
}
