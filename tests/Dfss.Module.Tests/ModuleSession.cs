using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests;

/// <summary>
/// A PowerShell session of its own in this process that imports the module from the folder that the build laid out.
/// </summary>
public sealed class ModuleSession : IDisposable
{
    /// <summary>The tests that share what a process has one of: the list of peers, the environment.</summary>
    public const string OneProcess = "one process";

    private readonly Runspace runspace;

    public ModuleSession()
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        Run($"Import-Module '{ManifestPath}'");
    }

    /// <summary>The module's manifest.</summary>
    public static string ManifestPath { get; } = ReadMetadata("ModulePath");

    /// <summary>The dfss.dll that was built with the module.</summary>
    public static string ShellPath { get; } = ReadMetadata("DfssShell");

    /// <summary>The program of the tests' own peers and engines.</summary>
    public static string TestProgramPath { get; } = ReadMetadata("DfssTesting");

    /// <summary>The program that made the module's help.</summary>
    public static string HelpProgramPath { get; } = ReadMetadata("DfssHelp");

    /// <summary>The module's folder.</summary>
    public static string Folder { get; } = Path.GetDirectoryName(ManifestPath)!;

    /// <summary>The full path of a file of the repository.</summary>
    public static string RepositoryPath(string path) => Path.GetFullPath(Path.Combine(Folder, "../..", path));

    /// <summary>Copies the module's folder.</summary>
    public static void CopyTo(string target)
    {
        foreach (string file in Directory.GetFiles(Folder, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(target, Path.GetRelativePath(Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>Runs a script that has no error. Its variables stay in the session.</summary>
    public IReadOnlyList<PSObject> Run(string script) => Run(script, isScoped: false);

    /// <summary>
    /// The same in a scope of its own: the session keeps none of the script's variables and functions.
    /// </summary>
    public IReadOnlyList<PSObject> RunScoped(string script) => Run(script, isScoped: true);

    private List<PSObject> Run(string script, bool isScoped)
    {
        using Engine engine = Engine.Create();
        engine.Runspace = runspace;
        engine.AddScript(script, isScoped);
        var output = new List<PSObject>();
        engine.Invoke(input: null, output);
        return engine.Streams.Error.Count == 0
            ? output
            : throw new InvalidOperationException(string.Join("; ", engine.Streams.Error));
    }

    private static string ReadMetadata(string key) => typeof(ModuleSession).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    public void Dispose()
    {
        Run("Get-Module -Name Dfss | ForEach-Object { Remove-Module $_ }");
        runspace.Dispose();
    }
}
