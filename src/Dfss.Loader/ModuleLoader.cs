using System.Reflection;

namespace Dfss.Loader;

/// <summary>
/// Loads the module's assemblies into a load context of their own, so that their dependencies (MessagePack, SQLite)
/// neither meet nor disturb the versions that PowerShell or another module has loaded. The module's psm1 is the only
/// caller.
/// </summary>
/// <remarks>
/// One context for the whole process: runspaces share it, and so does a module that is imported again. It is not
/// collectible, because PowerShell never lets go of a cmdlet's type.
/// </remarks>
public static class ModuleLoader
{
    private static readonly Lock Gate = new();
    private static ModuleLoadContext? loaded;

    /// <summary>Loads the cmdlets' assembly; every call after the first gives the same one.</summary>
    /// <param name="libraryFolder">The folder with Dfss.PowerShell.dll and what it depends on.</param>
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

            return loaded.LoadFromAssemblyPath(Path.Combine(folder, "Dfss.PowerShell.dll"));
        }
    }
}
