using System.Diagnostics;
using System.Management.Automation;
using Dfss.Tests.EarlyEnds;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests;

/// <summary>Real transfers over loopback, with a peer in memory.</summary>
public sealed class TransferTests : IDisposable
{
    private const int Chunk = DfssLimits.MinChunkSize;

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();
    private readonly string peer;

    public TransferTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        peer = session.Run("Start-DfssPeer -InMemory -Port 0").As<DfssPeerInfo>()[0].Endpoint;
        session.Runspace.SessionStateProxy.SetVariable("peer", peer);
        Directory.CreateDirectory(Path.Combine(folder, "in"));
        Directory.CreateDirectory(Path.Combine(folder, "out"));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("empty", 0)]
    [InlineData("one byte", 1)]
    [InlineData("one chunk", Chunk)]
    [InlineData("one chunk and a byte", Chunk + 1)]
    [InlineData("[1] (2) {3} 'four' ü 文件 😀.bin", (3 * Chunk) + 17)]
    [InlineData("-name", 5)]
    [InlineData("$env:x `n.txt", 5)]
    public void A_file_comes_back_as_it_was(string name, int length)
    {
        byte[] content = Make(name, length);
        var time = new DateTime(2021, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(In(name), time);
        DfssFileInfo sent = session.Run(
            "Send-DfssFile -LiteralPath $path -Peer $peer -ChunkSize 64KB", ("path", In(name))).As<DfssFileInfo>()[0];
        Assert.Equal(name, sent.Name);
        Assert.Equal(length, sent.Length);
        Assert.Equal(1, sent.Version);
        Assert.Equal((length + Chunk - 1) / Chunk, sent.Chunks);
        FileInfo received = session.Run(
            "Receive-DfssFile -LiteralName $name -Peer $peer -Destination out", ("name", name)).As<FileInfo>()[0];
        Assert.Equal(Out(name), received.FullName);
        Assert.Equal(content, File.ReadAllBytes(Out(name)));
        Assert.Equal(time, received.LastWriteTimeUtc);
        Assert.Equal([Out(name)], Directory.GetFiles(Out(string.Empty)));
    }

    [Fact]
    public void The_pipeline_goes_round_without_naming_peers_again()
    {
        string[] names = ["a.txt", "b.txt", "sub/c.txt"];
        foreach (string name in names)
        {
            Make(name, 1000);
        }

        Result result = session.Run(
            """
            $files = [System.IO.DirectoryInfo]::new("$PWD/in").GetFiles('*', 'AllDirectories')
            $files | Send-DfssFile -RelativeTo in -Peer $peer | Receive-DfssFile -Destination out
            """);
        Assert.Equal(names.Select(Out).Order(), result.As<FileInfo>().Select(file => file.FullName).Order());
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(In(name)), File.ReadAllBytes(Out(name))));
    }

    [Fact]
    public void Received_files_carry_their_path_for_the_next_command()
    {
        Make("a[1].txt", 10);
        Result result = session.Run(
            "Send-DfssFile -LiteralPath 'in/a[1].txt' -Peer $peer | Receive-DfssFile -Destination out");
        Assert.EndsWith($"::{Out("a[1].txt")}", (string)Assert.Single(result.Output).Properties["PSPath"].Value,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'a.txt'")]
    [InlineData("[pscustomobject]@{ Name = 'a.txt' }")]
    public void Names_come_from_the_pipeline_too(string input)
    {
        byte[] content = Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Peer $peer").ThrowIfFailed();
        session.Run($"{input} | Receive-DfssFile -Destination out -Peer $peer").ThrowIfFailed();
        Assert.Equal(content, File.ReadAllBytes(Out("a.txt")));
    }

    [Fact]
    public void Many_small_files_all_arrive()
    {
        string[] names = [.. Enumerable.Range(0, 300).Select(i => $"file{i:000}.bin")];
        Array.ForEach(names, name => Make(name, 100));
        IReadOnlyList<DfssFileInfo> sent = session.Run("Send-DfssFile in/*.bin -Peer $peer").As<DfssFileInfo>();
        Assert.Equal(names, sent.Select(file => file.Name));
        Assert.Equal(300, session.Run("Receive-DfssFile file*.bin -Peer $peer -Destination out").As<FileInfo>().Count);
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(In(name)), File.ReadAllBytes(Out(name))));
    }

    [Fact]
    public void Results_and_errors_come_in_the_order_of_the_input()
    {
        // The larger, the later it is done; so the order of being done is the reverse.
        string[] names = [.. Enumerable.Range(0, 8).Select(i => $"{i}.bin")];
        for (int i = 0; i < names.Length; i++)
        {
            Make(names[i], (names.Length - i) << 19);
        }

        session.Run("Send-DfssFile in/3.bin -Peer $peer").ThrowIfFailed();
        Result sent = session.Run("Send-DfssFile in/*.bin -Peer $peer -ChunkSize 64KB 2>&1");
        Assert.Equal(names, sent.Output.Select(item => item.BaseObject is ErrorRecord error
            ? Path.GetFileName((string)error.TargetObject) : ((DfssFileInfo)item.BaseObject).Name));
        Assert.IsType<ErrorRecord>(sent.Output[3].BaseObject);
        IReadOnlyList<FileInfo> received =
            session.Run("Get-DfssFileInfo *.bin -Peer $peer | Receive-DfssFile -Destination out").As<FileInfo>();
        Assert.Equal(names, received.Select(file => file.Name));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo '[a', a.txt -Peer $peer")]
    [InlineData("Receive-DfssFile '[a', a.txt -Peer $peer -Destination out")]
    public void A_pattern_that_is_none_does_not_stop_the_others(string script)
    {
        Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Peer $peer").ThrowIfFailed();
        Result result = session.Run(script);
        Assert.Equal("NameInvalid", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Single(result.Output);
    }

    [Fact]
    public void Files_are_listed_by_pattern_and_by_name()
    {
        Array.ForEach(["a.txt", "b.txt", "B.txt", "[x].txt"], name => Make(name, 10));
        session.Run("'a.txt', 'b.txt', 'B.txt' | ForEach-Object { Send-DfssFile -LiteralPath in/$_ -Peer $peer }")
            .ThrowIfFailed();
        session.Run("Send-DfssFile -LiteralPath 'in/[x].txt' -Peer $peer").ThrowIfFailed();
        Assert.Equal(["B.txt", "[x].txt", "a.txt", "b.txt"], Names("Get-DfssFileInfo -Peer $peer"));
        Assert.Equal(["b.txt"], Names("Get-DfssFileInfo 'b*' -Peer $peer"));
        Assert.Equal(["a.txt", "b.txt"], Names("Get-DfssFileInfo '[ab].txt' -Peer $peer"));
        Assert.Equal(["[x].txt"], Names("Get-DfssFileInfo -LiteralName '[x].txt' -Peer $peer"));
        Assert.Equal(["a.txt", "[x].txt"], Names("'a.txt', '`[x`].txt' | Get-DfssFileInfo -Peer $peer"));
        Assert.Empty(Names("Get-DfssFileInfo 'none*' -Peer $peer"));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo none, a.txt -Peer $peer", "FileNotFound", "none")]
    [InlineData("Receive-DfssFile none, a.txt -Peer $peer -Destination out", "FileNotFound", "none")]
    [InlineData("Compare-DfssFile in/none.txt, in/a.txt -Peer $peer", "PathNotFound", "in/none.txt")]
    public void One_bad_name_does_not_stop_the_others(string script, string id, string target)
    {
        Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Peer $peer").ThrowIfFailed();
        Result result = session.Run(script);
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal(id, Result.IdOf(error));
        Assert.Equal(target, error.TargetObject);
        Assert.Single(result.Output);
    }

    [Fact]
    public void An_existing_name_is_replaced_only_by_force()
    {
        Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Peer $peer").ThrowIfFailed();
        byte[] content = Make("a.txt", 20);
        Make("b.txt", 5);
        Result refused = session.Run("Send-DfssFile in/a.txt, in/b.txt -Peer $peer");
        Assert.Equal("FileExists", Result.IdOf(Assert.Single(refused.Errors)));
        Assert.Equal("b.txt", ((DfssFileInfo)Assert.Single(refused.Output).BaseObject).Name);
        Assert.Equal(2, session.Run("Send-DfssFile in/a.txt -Peer $peer -Force").As<DfssFileInfo>()[0].Version);
        session.Run("Receive-DfssFile a.txt -Peer $peer -Destination out").ThrowIfFailed();
        Assert.Equal(content, File.ReadAllBytes(Out("a.txt")));
    }

    [Fact]
    public void An_existing_destination_is_replaced_only_by_force()
    {
        byte[] content = Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Peer $peer").ThrowIfFailed();
        File.WriteAllText(Out("a.txt"), "mine");
        Result refused = session.Run("Receive-DfssFile a.txt -Peer $peer -Destination out");
        Assert.Equal("DestinationExists", Result.IdOf(Assert.Single(refused.Errors)));
        Assert.Equal("mine", File.ReadAllText(Out("a.txt")));
        session.Run("Receive-DfssFile a.txt -Peer $peer -Destination out -Force -Durable").ThrowIfFailed();
        Assert.Equal(content, File.ReadAllBytes(Out("a.txt")));
    }

    [Fact]
    public void A_single_file_goes_to_a_path_of_its_own()
    {
        byte[] content = Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Name deep/er -Peer $peer").ThrowIfFailed();
        session.Run("Receive-DfssFile deep/er -Peer $peer -Destination out/mine.txt").ThrowIfFailed();
        Assert.Equal(content, File.ReadAllBytes(Out("mine.txt")));
    }

    [Fact]
    public void WhatIf_receives_nothing()
    {
        Make("a.txt", 10);
        session.Run("Send-DfssFile in/a.txt -Peer $peer").ThrowIfFailed();
        Assert.Empty(session.Run("Receive-DfssFile * -Peer $peer -Destination out -WhatIf").As<object>());
        Assert.Empty(Directory.GetFileSystemEntries(Out(string.Empty)));
    }

    [Fact]
    public void Comparing_shows_which_ranges_differ()
    {
        byte[] content = Make("a.bin", 4 * Chunk);
        session.Run("Send-DfssFile in/a.bin -Peer $peer -ChunkSize 64KB").ThrowIfFailed();
        Assert.True(session.Run("Compare-DfssFile in/a.bin -Peer $peer").As<DfssFileComparison>()[0].IsEqual);
        content[Chunk] ^= 1;
        content[(3 * Chunk) - 1] ^= 1;
        File.WriteAllBytes(In("a.bin"), content);
        DfssFileComparison comparison = session.Run("Compare-DfssFile in/a.bin -Peer $peer").As<DfssFileComparison>(
            )[0];
        Assert.False(comparison.IsEqual);
        Assert.Equal([new DfssByteRange(Chunk, 2 * Chunk)], comparison.Differences);
        Assert.Equal(2 * Chunk, comparison.DifferentBytes);
    }

    [Theory]
    [InlineData("Send-DfssFile in/a.txt, in/b.txt -Peer localhost:1")]
    [InlineData("Get-DfssFileInfo a, b -Peer localhost:1")]
    [InlineData("Receive-DfssFile a, b -Peer localhost:1")]
    public void Peers_out_of_reach_end_the_command(string script)
    {
        Make("a.txt", 10);
        Make("b.txt", 10);
        Assert.Equal("PeerUnreachable", Result.IdOf(session.RunUntilError(script)));
    }

    [Fact]
    public async Task Ctrl_C_ends_a_send_at_once_and_nothing_is_stored()
    {
        using (FileStream file = File.Create(In("large.bin")))
        {
            file.SetLength(4L << 30);
        }

        using Engine engine = session.Create();
        engine.AddScript("Send-DfssFile in/large.bin -Peer $peer");
        var moving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        engine.Streams.Progress.DataAdded += (_, _) => moving.TrySetResult();
        IAsyncResult running = engine.BeginInvoke();
        using PlainScript plain = await PlainScript.StartAsync();
        await moving.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        var watch = Stopwatch.StartNew();
        plain.BeginStop();
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        await plain.AssertWithinASecondAsync(watch.Elapsed);
        Assert.Throws<PipelineStoppedException>(() => engine.EndInvoke(running));
        Assert.Empty(Names("Get-DfssFileInfo -Peer $peer"));
    }

    [Fact]
    public void Downstream_that_wants_no_more_ends_the_send()
    {
        Array.ForEach([.. Enumerable.Range(0, 20)], i => Make($"{i}.bin", 100));
        Result result = session.Run(
            "foreach ($once in 1) { Send-DfssFile in/*.bin -Peer $peer | ForEach-Object { $_; break } }");
        Assert.Single(result.As<DfssFileInfo>());
    }

    private string[] Names(string script) => [.. session.Run(script).As<DfssFileInfo>().Select(file => file.Name)];

    private byte[] Make(string name, int length)
    {
        byte[] content = new byte[length];
        new Random(length + name.Length).NextBytes(content);
        Directory.CreateDirectory(Path.GetDirectoryName(In(name))!);
        File.WriteAllBytes(In(name), content);
        return content;
    }

    private string In(string name) => Path.Combine(folder, "in", name);

    private string Out(string name) => Path.Combine(folder, "out", name);
}
