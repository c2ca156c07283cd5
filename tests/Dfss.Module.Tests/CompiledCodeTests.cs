using System.Runtime.InteropServices;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The loader prefers an assembly's machine code for this platform, and takes the IL where there is none.
/// </summary>
public sealed class CompiledCodeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Machine_code_loads_where_the_module_has_it_and_otherwise_IL()
    {
        string library = Path.Combine(folder, "lib");
        ModuleSession.CopyTo(folder);
        string platform = (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx"
            : RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl" : "linux")
            + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        string compiled = Path.Combine(library, "runtimes", platform, "lib");
        if (Directory.Exists(compiled))
        {
            Directory.Delete(compiled, recursive: true);
        }

        Directory.CreateDirectory(compiled);
        File.Copy(Path.Combine(library, "Dfss.Core.dll"), Path.Combine(compiled, "Dfss.Core.dll"));

        string[] output = await BareEngine.RunAsync(
            $$"""
            Import-Module '{{Path.Combine(folder, "Dfss.psd1")}}'
            $peer = Start-DfssPeer -InMemory -Port 0
            $peer | Stop-DfssPeer
            foreach ($context in [System.Runtime.Loader.AssemblyLoadContext]::All) {
                foreach ($assembly in $context.Assemblies) {
                    if ($assembly.GetName().Name -in 'Dfss.Core', 'Dfss.PowerShell') { $assembly.Location }
                }
            }
            (Get-Help Dfss -Category Provider).Synopsis
            """,
            TestContext.Current.CancellationToken);

        Assert.Equal(
            [
                Path.Combine(library, "Dfss.PowerShell.dll"), Path.Combine(compiled, "Dfss.Core.dll"),
                "Stored files as a drive of PowerShell.",
            ],
            output.Order(StringComparer.Ordinal));
    }
}
