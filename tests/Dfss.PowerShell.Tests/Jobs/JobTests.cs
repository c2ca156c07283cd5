using System.Management.Automation;
using Dfss.Protocol;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Jobs;

/// <summary>-AsJob.</summary>
public sealed class JobTests : IAsyncLifetime
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();
    private HeldPeer peer = null!;

    public async ValueTask InitializeAsync()
    {
        peer = await HeldPeer.StartAsync();
        session.Runspace.SessionStateProxy.SetVariable("peer", peer.Address.ToString());
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        Directory.CreateDirectory(folder["in"]);
        Array.ForEach(["a", "b", "c"], name => File.WriteAllText(folder["in", name], name));
    }

    public async ValueTask DisposeAsync()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        await peer.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Each_transfer_runs_as_a_job_with_the_results_of_the_command()
    {
        // A relative path, a pipeline and a script block are bound when the job is started.
        Job sent = await EndAsync(
            "Send-DfssFile in/a -Peer $peer -AsJob; $PWD.Path | ForEach-Object { [IO.Directory]::CreateDirectory('x') "
                + "} | Out-Null");
        Assert.Equal(JobState.Completed, sent.JobStateInfo.State);
        Assert.Equal("a", Assert.IsType<DfssFileInfo>(Assert.Single(sent.Output).BaseObject).Name);
        Assert.Contains("Send-DfssFile in/a", sent.Command, StringComparison.Ordinal);
        Job piped = await EndAsync(
            "'in/b', 'in/c' | Send-DfssFile -Name { \"n/$([IO.Path]::GetFileName($_))\" } -Peer $peer -AsJob");
        Assert.Equal(
            ["n/b", "n/c"], piped.Output.Select(item => ((DfssFileInfo)item.BaseObject).Name));
        Job received = await EndAsync("Receive-DfssFile * out/ -Peer $peer -AsJob");
        Assert.Equal(3, received.Output.Count);
        Assert.Equal("b", File.ReadAllText(folder["out", "n", "b"]));
        Job repaired = await EndAsync("Get-DfssFileInfo -Peer $peer | Repair-DfssFile -AsJob");
        Assert.Equal(3, repaired.Output.Count);
        Job copied = await EndAsync("Copy-DfssFile a a2 -Peer $peer -PassThru -AsJob");
        Assert.Equal("a2", ((DfssFileInfo)Assert.Single(copied.Output).BaseObject).Name);
    }

    [Fact]
    public async Task Names_of_a_FileInfo_and_of_properties_mean_what_they_mean_without_a_job()
    {
        Job files = await EndAsync("[IO.FileInfo]\"$PWD/in/a\" | Send-DfssFile -RelativeTo . -Peer $peer -AsJob");
        Assert.Equal("in/a", ((DfssFileInfo)Assert.Single(files.Output).BaseObject).Name);
        Job rows = await EndAsync(
            "[pscustomobject]@{ Path = 'in/b'; Name = 'row' } | Send-DfssFile -Peer $peer -AsJob");
        Assert.Equal("row", ((DfssFileInfo)Assert.Single(rows.Output).BaseObject).Name);
        Job empty = await EndAsync("@() | Send-DfssFile -Peer $peer -AsJob");
        Assert.Equal((JobState.Completed, 0), (empty.JobStateInfo.State, empty.Output.Count));
    }

    [Fact]
    public async Task An_error_of_a_file_is_one_of_its_errors_and_what_ends_the_command_fails_the_job()
    {
        Job one = await EndAsync("Send-DfssFile in/a, in/none -Peer $peer -AsJob");
        Assert.Equal(JobState.Completed, one.JobStateInfo.State);
        Assert.Single(one.Output);
        Assert.Equal("PathNotFound", Result.IdOf(Assert.Single(one.Error)));
        Job all = await EndAsync("Send-DfssFile in/b -Peer localhost:1 -AsJob");
        Assert.Equal(JobState.Failed, all.JobStateInfo.State);
        Assert.Equal("PeerUnreachable", Result.IdOf(Assert.Single(all.Error)));

        // What can be known at once is an error at once.
        Assert.Equal("PeerAddressInvalid", Result.IdOf(session.RunUntilError("Send-DfssFile in/b -Peer : -AsJob")));
        Assert.Equal("MirrorNeedsAnswer", Result.IdOf(session.RunUntilError(
            "Send-DfssFile in -Recurse -Mirror -Peer $peer -AsJob")));
    }

    [Fact]
    public async Task A_job_that_is_stopped_ends_at_once_and_stores_nothing()
    {
        peer.Holds = (operation, _, _) => operation is Operations.StoreChunk or Operations.StoreChunks;
        Job job = Start("Send-DfssFile in/a -Peer $peer -AsJob");
        await peer.Reached.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
        Assert.Equal(JobState.Running, job.JobStateInfo.State);
        session.Run("Get-Job | Stop-Job").ThrowIfFailed();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);
        peer.Release();
        Assert.Empty(session.Run("Get-DfssFileInfo -Peer $peer").ThrowIfFailed().Output);
        session.Run("Get-Job | Remove-Job").ThrowIfFailed();
        Assert.Empty(session.Run("Get-Job").Output);
    }

    [Fact]
    public async Task The_end_of_the_session_and_the_removal_of_the_module_stop_its_jobs()
    {
        peer.Holds = (operation, _, _) => operation is Operations.StoreChunk or Operations.StoreChunks;
        Job job = Start("Send-DfssFile in/a -Peer $peer -AsJob");
        await peer.Reached.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }").ThrowIfFailed();
        Assert.Equal(JobState.Stopped, job.JobStateInfo.State);

        using var other = new Session();
        other.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        var second = (Job)Assert.Single(other.Run(
            "Send-DfssFile in/b -Peer $address -AsJob", ("address", peer.Address.ToString())).ThrowIfFailed().Output)
            .BaseObject;
        var stopped = new TaskCompletionSource();
        second.StateChanged += (_, changed) =>
        {
            if (changed.JobStateInfo.State == JobState.Stopped)
            {
                stopped.TrySetResult();
            }
        };
        other.Runspace.Close();
        if (second.JobStateInfo.State != JobState.Stopped)
        {
            await stopped.Task.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void WhatIf_starts_no_job()
    {
        Assert.Empty(session.Run("Send-DfssFile in/a -Peer $peer -AsJob -WhatIf").ThrowIfFailed().Output);
        Assert.Empty(session.Run("$WhatIfPreference = $true; Send-DfssFile in/a -Peer $peer -AsJob").Output);
        Assert.Empty(session.Run("Get-Job").Output);
    }

    [Fact]
    public async Task Keys_and_passwords_are_read_when_the_job_is_started()
    {
        Job job = await EndAsync(
            """
            $null = New-DfssEncryptionKey ./key
            $secret = [System.Security.SecureString]::new()
            [IO.File]::ReadAllText("$PWD/key").Trim().ToCharArray() | ForEach-Object { $secret.AppendChar($_) }
            Send-DfssFile in/a -EncryptionKey $secret -Peer $peer -AsJob
            $secret.Dispose()
            [IO.File]::Delete("$PWD/key")
            """);
        Assert.Empty(job.Error);
        Assert.True(((DfssFileInfo)Assert.Single(job.Output).BaseObject).IsEncrypted);
    }

    private Job Start(string script) =>
        (Job)Assert.Single(session.Run(script).ThrowIfFailed().Output).BaseObject;

    private async Task<Job> EndAsync(string script)
    {
        Job job = Start(script);
        await Task.Run(() => job.Finished.WaitOne(TimeLimit), TestContext.Current.CancellationToken);
        Assert.NotEqual(JobState.Running, job.JobStateInfo.State);
        return job;
    }
}
