using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Testing;

/// <summary>
/// <c>Dfss.BareEngine SCRIPT</c>: the engine embedded and nothing else, in a process of its own, so that what is loaded
/// first, and when, is the script's. Writes what it gives, a line each; any error goes to standard error and makes the
/// exit code 1.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        using Runspace runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2());
        runspace.Open();
        using Engine engine = Engine.Create();
        engine.Runspace = runspace;
        try
        {
            foreach (PSObject item in engine.AddScript(arguments[0]).Invoke())
            {
                Console.WriteLine(item);
            }
        }
        catch (RuntimeException exception)
        {
            engine.Streams.Error.Add(exception.ErrorRecord);
        }

        foreach (ErrorRecord error in engine.Streams.Error)
        {
            Console.Error.WriteLine($"{error.FullyQualifiedErrorId}: {error}");
        }

        return engine.Streams.Error.Count == 0 ? 0 : 1;
    }
}
