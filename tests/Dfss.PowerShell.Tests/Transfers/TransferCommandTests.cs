using System.Globalization;
using System.Management.Automation;
using Dfss.Protocol;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Transfers;

/// <summary>
/// Get-, Suspend-, Resume-, Set- and Stop-DfssTransfer. Other tests of this process have transfers too: each command is
/// given its own ones.
/// </summary>
public sealed class TransferCommandTests : IAsyncLifetime
{
    private const int Length = 9 << 20;
    private const string Mine = "Get-DfssTransfer | Where-Object { $_.LocalPath -and $_.LocalPath.StartsWith($PWD) }";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();
    private HeldPeer peer = null!;

    public async ValueTask InitializeAsync()
    {
        peer = await HeldPeer.StartAsync();
        session.Runspace.SessionStateProxy.SetVariable("peer", peer.Address.ToString());
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        byte[] content = new byte[Length];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(folder["big"], content, TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(folder["big"], new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
    }

    public async ValueTask DisposeAsync()
    {
        session.Run($"{Mine} | Stop-DfssTransfer; {Mine} | Stop-DfssTransfer");
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        await peer.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task A_transfer_is_shown_suspended_changed_and_resumed()
    {
        // All chunks but the first wait for their turn, for days.
        var sending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        peer.Holds = (operation, _, _) =>
        {
            if (operation == Operations.StoreChunk)
            {
                sending.TrySetResult();
            }

            return false;
        };
        Job job = Start("Send-DfssFile big -Name n/big -Peer $peer -BandwidthLimit 1 -AsJob");
        await sending.Task.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
        DfssTransfer shown = Assert.Single(session.Run(Mine).As<DfssTransfer>());
        Assert.Equal(
            (DfssTransferDirection.Send, DfssTransferState.Running, "n/big", folder["big"], (long)Length, 1L),
            (shown.Direction, shown.State, shown.Name, shown.LocalPath, shown.Length, shown.BandwidthLimit));
        Assert.Equal([peer.Address.ToString()], shown.Peers);
        Assert.Null(shown.Error);

        Assert.Equal(DfssTransferState.Suspended, Assert.Single(session.Run(
            $"Suspend-DfssTransfer {shown.Id} -PassThru").As<DfssTransfer>()).State);
        session.Run($"Set-DfssTransfer {shown.Id} -BandwidthLimit 0").ThrowIfFailed();
        DfssTransfer free = Assert.Single(session.Run(Mine).As<DfssTransfer>());
        Assert.Equal((DfssTransferState.Suspended, null), (free.State, free.BandwidthLimit));
        Assert.Equal(JobState.Running, job.JobStateInfo.State);
        session.Run($"{Mine} | Resume-DfssTransfer").ThrowIfFailed();
        await EndAsync(job);
        Assert.Equal("n/big", ((DfssFileInfo)Assert.Single(job.Output).BaseObject).Name);
        Assert.Empty(session.Run(Mine).Output);
        Assert.Equal("TransferNotFound", Result.IdOf(Assert.Single(
            session.Run($"Suspend-DfssTransfer {shown.Id}").Errors)));
    }

    [Fact]
    public async Task A_send_that_was_stopped_goes_on_from_its_journal()
    {
        DfssTransfer stopped = await StopAsync("Send-DfssFile big -Name n/big -Peer $peer -KeepVersions 3 -Force");
        Assert.Equal("TransferNotRunning", Result.IdOf(Assert.Single(
            session.Run($"Set-DfssTransfer {stopped.Id} -BandwidthLimit 1MB").Errors)));

        // These objects are of the time when it ran: it was asked to stop, not to forget.
        Result again = session.Run("$seen | Stop-DfssTransfer -Verbose").ThrowIfFailed();
        Assert.Contains(again.Verbose, line => line.Contains("has ended already", StringComparison.Ordinal));
        Assert.Single(session.Run(Mine).As<DfssTransfer>());
        Result resumed = session.Run($"Resume-DfssTransfer {stopped.Id} -Verbose");
        DfssFileInfo file = Assert.Single(resumed.As<DfssFileInfo>());
        Assert.Equal(("n/big", folder["big"]), (file.Name, file.SourcePath));
        Assert.Contains(resumed.Verbose, line => line.Contains("resumes", StringComparison.Ordinal));
        Assert.Empty(session.Run(Mine).Output);
    }

    [Fact]
    public async Task A_receive_that_was_stopped_goes_on_as_a_job_and_can_be_forgotten()
    {
        session.Run("$null = Send-DfssFile big -Peer $peer").ThrowIfFailed();
        DfssTransfer stopped = await StopAsync("Receive-DfssFile big out/ -Peer $peer -ThrottleLimit 1", hold: 3);
        Assert.Equal(folder["out", "big"], stopped.LocalPath);
        Assert.InRange(stopped.TransferredBytes, 1, Length - 1);
        Job again = Start($"Resume-DfssTransfer {stopped.Id} -AsJob");
        await EndAsync(again);
        Assert.Equal("big", ((FileInfo)Assert.Single(again.Output).BaseObject).Name);
        Assert.Equal(File.ReadAllBytes(folder["big"]), File.ReadAllBytes(folder["out", "big"]));

        DfssTransfer other = await StopAsync(
            "Receive-DfssFile big new/ -Version (Get-DfssFileInfo big -Peer $peer).Version -Peer $peer "
                + "-ThrottleLimit 1",
            hold: 3);
        Assert.Contains(ReadJournals(), text => text.Contains(folder["new"], StringComparison.Ordinal)
            && text.Contains("\"Version\":", StringComparison.Ordinal));
        Assert.True(File.Exists(folder["new", "big.dfss-part"]));
        session.Run($"Stop-DfssTransfer {other.Id} -WhatIf").ThrowIfFailed();
        Assert.True(File.Exists(folder["new", "big.dfss-part"]));
        session.Run($"Stop-DfssTransfer {other.Id}").ThrowIfFailed();
        Assert.Empty(Directory.GetFiles(folder["new"]));
        Assert.Empty(session.Run(Mine).Output);
    }

    [Fact]
    public async Task A_journal_has_no_secret_and_says_what_must_be_given_again()
    {
        session.Run("$key = New-DfssEncryptionKey ./key").ThrowIfFailed();
        DfssTransfer stopped = await StopAsync("Send-DfssFile big -Name \"it's\" -Peer $peer -EncryptionKey $key");
        ErrorRecord error = Assert.Single(session.Run($"Resume-DfssTransfer {stopped.Id}").Errors);
        Assert.Equal("TransferNeedsSecret", Result.IdOf(error));
        Assert.Contains("-EncryptionKey", error.Exception.Message, StringComparison.Ordinal);
        Assert.Contains(
            $"Send-DfssFile -LiteralPath '{folder["big"]}' -Name 'it''s' -Peer '{peer.Address}'",
            error.ErrorDetails.RecommendedAction,
            StringComparison.Ordinal);
        string secret =
            (await File.ReadAllTextAsync(folder["key"], TestContext.Current.CancellationToken))[11..].Trim();
        List<string> journals = ReadJournals();
        Assert.Contains(journals, text => text.Contains("it\\u0027s", StringComparison.Ordinal));
        Assert.All(journals, text => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        Assert.Single(
            session.Run("Send-DfssFile big -Name \"it's\" -Peer $peer -EncryptionKey $key").As<DfssFileInfo>());
        Assert.Empty(session.Run(Mine).Output);
    }

    [Theory]
    [InlineData("Resume-DfssTransfer {0}")]
    [InlineData("Resume-DfssTransfer {0} -AsJob | Receive-Job -Wait")]
    public async Task A_transfer_that_cannot_begin_again_is_interrupted_as_before(string resume)
    {
        DfssTransfer stopped = await StopAsync("Send-DfssFile big -Name n/big -Peer $peer");
        File.Delete(folder["big"]);
        string script = string.Format(CultureInfo.InvariantCulture, resume, stopped.Id);
        for (int i = 0; i < 2; i++)
        {
            Assert.NotEqual("TransferInUse", Result.IdOf(Assert.Single(session.Run(script).Errors)));
            DfssTransfer again = Assert.Single(session.Run(Mine).As<DfssTransfer>());
            Assert.Equal((DfssTransferState.Interrupted, (int?)null), (again.State, again.ProcessId));
        }

        session.Run($"Stop-DfssTransfer {stopped.Id}").ThrowIfFailed();
        Assert.Empty(session.Run(Mine).Output);
    }

    [Fact]
    public async Task A_job_keeps_its_transfer_where_the_command_is_stopped_at_its_output()
    {
        session.Run("$null = Send-DfssFile big -Peer $peer").ThrowIfFailed();
        DfssTransfer stopped = await StopAsync("Receive-DfssFile big out/ -Peer $peer -ThrottleLimit 1", hold: 3);

        // The job has started. A receive begins only when the peer has said what the file is.
        peer.Holds = (_, _, _) => true;
        Job job = Start(
            $"foreach ($one in 1) {{ Resume-DfssTransfer {stopped.Id} -AsJob | ForEach-Object {{ $job = $_; break }} }}"
                + "; $job");
        ErrorRecord error = Assert.Single(session.Run($"Resume-DfssTransfer {stopped.Id} -AsJob").Errors);
        Assert.Equal("TransferInUse", Result.IdOf(error));
        peer.Release();
        session.Run("$job | Stop-Job").ThrowIfFailed();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
    }

    private static List<string> ReadJournals()
    {
        List<string> texts = [];
        foreach (string path in Directory.GetFiles(
            Path.Combine(Environment.GetEnvironmentVariable("XDG_STATE_HOME")!, "dfss", "transfers")))
        {
            try
            {
                texts.Add(File.ReadAllText(path));
            }
            catch (IOException)
            {
                // Of a transfer of another test, which runs or has ended.
            }
        }

        return texts;
    }

    /// <summary>Stops a transfer while the peer holds its requests for chunks, and gives it as it is then.</summary>
    private async Task<DfssTransfer> StopAsync(string script, int hold = 0)
    {
        int seen = 0;
        peer.Release();
        peer.Holds = (operation, _, _) => operation is Operations.StoreChunk or Operations.GetChunk
            && Interlocked.Increment(ref seen) > hold;
        Job job = Start($"{script} -AsJob");
        await peer.Reached.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
        session.Run($"$seen = {Mine} | Where-Object State -EQ Running; $seen | Stop-DfssTransfer").ThrowIfFailed();
        await EndAsync(job);
        Assert.Equal("TransferStopped", Result.IdOf(Assert.Single(job.Error)));
        peer.Release();
        DfssTransfer stopped = Assert.Single(session.Run(Mine).As<DfssTransfer>());
        Assert.Equal(DfssTransferState.Interrupted, stopped.State);
        return stopped;
    }

    private Job Start(string script) => (Job)Assert.Single(session.Run(script).ThrowIfFailed().Output).BaseObject;

    private static async Task EndAsync(Job job) => Assert.True(await Task.Run(
        () => job.Finished.WaitOne(TimeLimit), TestContext.Current.CancellationToken));
}
