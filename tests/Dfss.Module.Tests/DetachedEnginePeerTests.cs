using System.Diagnostics;
using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests;

/// <summary>Peers on one bucket, each in a process of its own; the engine, a fake, is in another one.</summary>
[Collection(ModuleSession.OneProcess)]
public sealed class DetachedEnginePeerTests : IDisposable
{
    private const string Secret = "the secret of the fake";

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly ModuleSession session = new();
    private readonly List<Process> engines = [];

    public DetachedEnginePeerTests()
    {
        string port = StartEngine();
        session.Run($"$env:DFSS_HOST = '{ModuleSession.ShellPath}'");
        session.Run($"$store = 's3://bucket/store?endpoint=http://127.0.0.1:{port}'");
        session.Run("$credential = [pscredential]::new('fake', "
            + $"[System.Net.NetworkCredential]::new('', '{Secret}').SecurePassword)");
        byte[] content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(Path.Combine(folder, "a.bin"), content);
        session.Run($"$file = '{Path.Combine(folder, "a.bin")}'");
    }

    public void Dispose()
    {
        session.Run("Get-DfssPeer | Where-Object Kind -eq Detached | Stop-DfssPeer; $env:DFSS_HOST = $null");
        session.Dispose();
        foreach (Process engine in engines)
        {
            engine.Kill();
            engine.WaitForExit();
            engine.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_one_has_acknowledged_the_other_serves_when_that_one_was_killed()
    {
        PSObject first = Start("$first");
        PSObject second = Start("$second");
        Assert.Equal(StoreIdOf(first), StoreIdOf(second));
        session.Run("$null = Send-DfssFile $file -Peer $first");
        using (Process process = Process.GetProcessById((int)first.Properties["ProcessId"].Value))
        {
            process.Kill();
            process.WaitForExit();
        }

        session.Run($"$null = Receive-DfssFile a.bin -Peer $first, $second -Destination '{folder}/received.bin'");
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(folder, "a.bin")), File.ReadAllBytes(Path.Combine(folder, "received.bin")));
        session.Run("Stop-DfssPeer -Id $first.Id");
        PSObject again = Start("$again");
        Assert.Equal(StoreIdOf(second), StoreIdOf(again));
        Assert.True((bool)session.Run("Compare-DfssFile $file -Peer $again")[0].Properties["IsEqual"].Value);
    }

    [Fact]
    public void The_credentials_are_on_no_command_line()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere the system does not show what a process is for.");
        int processId = (int)Start("$peer").Properties["ProcessId"].Value;
        string shown = File.ReadAllText($"/proc/{processId}/cmdline") + File.ReadAllText($"/proc/{processId}/environ");
        Assert.Contains("-Store", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, shown, StringComparison.Ordinal);
    }

    [Fact]
    public void One_trusts_the_authority_that_its_starter_was_given_by_a_path()
    {
        using CompanyAuthority authority = new("Private CA");
        using X509Certificate2 shown = authority.IssuePeer();
        string file = Path.Combine(folder, "engine.pem");
        File.WriteAllText(file, CompanyAuthority.ToPem(shown));
        File.WriteAllText(Path.Combine(folder, "ca.pem"), authority.Certificate.ExportCertificatePem());
        session.Run($"$store = 's3://bucket/store?endpoint=https://127.0.0.1:{StartEngine("0", file)}'");
        session.Run($"$ExecutionContext.SessionState.Path.SetLocation('{folder}')");
        PSObject peer = Start("$peer", "-EngineAuthority ./ca.pem");
        Assert.Equal("Running", $"{peer.Properties["State"].Value}");
        session.Run("$null = Send-DfssFile $file -Peer $peer");
    }

    private static string StoreIdOf(PSObject peer) => (string)peer.Properties["StoreId"].Value;

    /// <summary>Starts a fake engine; its port.</summary>
    private string StartEngine(params string[] arguments)
    {
        Process engine = Process.Start(new ProcessStartInfo(
            "dotnet", [ModuleSession.TestProgramPath, "engine", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        engines.Add(engine);
        return engine.StandardOutput.ReadLine()!["listening ".Length..];
    }

    private PSObject Start(string variable, string more = "") => session.Run(
        $"({variable} = Start-DfssPeer -Store $store -Credential $credential -Port 0 -Detached {more})")[0];
}
