using System.Runtime.CompilerServices;

namespace Dfss.Testing;

/// <summary>
/// Makes sure that no test writes into the state folder of its user: this process, and those it starts,
/// have one of their own, which goes with the process. Linked into each test project that runs cmdlets.
/// </summary>
internal static class OwnStateFolder
{
    private const string Variable = "XDG_STATE_HOME";

    [ModuleInitializer]
    internal static void Set()
    {
        string name = $"dfss-test-state-{Environment.ProcessId}";
        string path = Path.Combine(Path.GetTempPath(), name);
        if (Path.GetFileName(Environment.GetEnvironmentVariable(Variable)) == name)
        {
            // Another assembly of this process has done it, maybe with another temporary folder: peers and clients that
            // took the variable before and after must not look for tokens in different folders.
            return;
        }

        Environment.SetEnvironmentVariable(Variable, path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        };
    }
}
