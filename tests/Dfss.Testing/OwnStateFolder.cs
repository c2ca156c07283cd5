using System.Runtime.CompilerServices;

namespace Dfss.Testing;

/// <summary>
/// Sees to it that no test writes into the state folder of the user who runs it: this process, and those it starts, have
/// one of their own, which goes with the process. Linked into each test project that runs cmdlets.
/// </summary>
internal static class OwnStateFolder
{
    private const string Variable = "XDG_STATE_HOME";

    [ModuleInitializer]
    internal static void Set()
    {
        string path = Path.Combine(Path.GetTempPath(), $"dfss-test-state-{Environment.ProcessId}");
        if (Environment.GetEnvironmentVariable(Variable) == path)
        {
            // Another assembly of this process has done it.
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
