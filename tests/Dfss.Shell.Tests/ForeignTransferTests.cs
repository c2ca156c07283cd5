using System.Globalization;

namespace Dfss.Shell.Tests;

/// <summary>Transfers of one process that another one lists, and resumes when the first was killed.</summary>
public sealed class ForeignTransferTests : IDisposable
{
    private const string Lister =
        """
        $peer = Start-DfssPeer -InMemory -Port 0
        [System.IO.File]::WriteAllText("$folder/peer", $peer.Endpoint)
        $other = Start-DfssPeer -InMemory -Port 0
        [Console]::WriteLine('peer')

        # What runs in the other process is shown, and cannot be changed from here.
        while (-not ($t = Get-DfssTransfer -State RunningElsewhere)) { }
        $out = @("$($t.Name) $($t.ProcessId) $($t.State)")
        $e = @()
        $quiet = @{ ErrorAction = 'SilentlyContinue'; ErrorVariable = '+e' }
        $t | Suspend-DfssTransfer @quiet
        $t | Resume-DfssTransfer @quiet
        $t | Set-DfssTransfer -BandwidthLimit 1MB @quiet
        $t | Stop-DfssTransfer @quiet
        $out += $e | ForEach-Object {
            ($_.FullyQualifiedErrorId -split ',')[0] + ' ' + [regex]::Match($_.Exception.Message, 'process \d+').Value
        }

        # A plain send of the same file does not fail. It goes to another peer: what the first one has is not sent again.
        $to = @{ Peer = $other.Endpoint }
        $out += (Send-DfssFile 'SOURCE' -Name n/big @to -WarningVariable w -WarningAction SilentlyContinue).Version
        $out += "w: $w"
        [Console]::WriteLine('listed')

        # The other process is killed.
        while (-not ($t = Get-DfssTransfer -State Interrupted)) { }
        $out += "$($t.Name) [$($t.ProcessId)] $($t.State)"
        $t | Set-DfssTransfer -BandwidthLimit 1 -ErrorAction SilentlyContinue -ErrorVariable e
        $out += ($e[0].FullyQualifiedErrorId -split ',')[0]
        $job = $t | Resume-DfssTransfer -AsJob
        while (-not (Get-DfssTransfer -State Running)) { }
        Get-DfssTransfer | Set-DfssTransfer -BandwidthLimit 0
        $out += ($job | Receive-Job -Wait).Name
        $out += "left: $(@(Get-DfssTransfer).Count)"
        $out
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-shell-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_transfer_of_another_process_is_shown_and_resumed_when_that_process_was_killed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        string source = Path.Combine(folder, "big");
        byte[] content = new byte[20 << 20];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(source, content, TestContext.Current.CancellationToken);

        // A send keeps no journal of a file that was written just now.
        File.SetLastWriteTimeUtc(source, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
        Dictionary<string, string> environment = new() { ["XDG_STATE_HOME"] = Path.Combine(folder, "state") };
        using ShellProcess lister = Start(Lister.Replace("SOURCE", source, StringComparison.Ordinal), environment);
        await lister.ReadUntilAsync("peer");
        string endpoint = await File.ReadAllTextAsync(
            Path.Combine(folder, "peer"), TestContext.Current.CancellationToken);
        using ShellProcess sender = Start(
            $"Send-DfssFile '{source}' -Name n/big -Peer {endpoint} -BandwidthLimit 1", environment);
        string id = sender.Id.ToString(CultureInfo.InvariantCulture);
        await lister.ReadUntilAsync("listed");
        await sender.SignalAsync("KILL");
        ShellResult end = await lister.EndAsync();

        Assert.Equal(string.Empty, end.Error);
        string[] lines = end.OutputLines;
        Assert.Equal(
            [$"n/big {id} RunningElsewhere", .. Enumerable.Repeat($"TransferInUse process {id}", 4), "1"], lines[..6]);
        Assert.StartsWith(
            $"w: 'n/big' is transferred without a journal: process {id} transfers the same file.", lines[6],
            StringComparison.Ordinal);
        Assert.Equal(["n/big [] Interrupted", "TransferNotRunning", "n/big", "left: 0"], lines[7..]);
    }

    private ShellProcess Start(string script, Dictionary<string, string> environment) =>
        ShellProcess.Start(["-Command", $"$folder = '{folder}'\n{script}"], environment);
}
