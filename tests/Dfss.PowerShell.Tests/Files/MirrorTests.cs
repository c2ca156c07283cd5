using Dfss.Testing;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>-Mirror of Send- and Receive-DfssFile.</summary>
public sealed class MirrorTests : IDisposable
{
    private const string Send = "Send-DfssFile t -Recurse -Peer $peer -Mirror";
    private const string Receive = "Receive-DfssFile t/* x -RelativeTo t -Peer $peer -Mirror";

    private readonly TemporaryFolder folder = new();
    private readonly AnsweringHost host = new(_ => true);
    private readonly Session session;

    public MirrorTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        foreach (string name in new[] { "a", "b", "sub/c", "sub/deep/d" })
        {
            Write("t", name);
        }

        session.Run(
            """
            $null = Send-DfssFile t -Recurse -Peer $peer
            $null = Send-DfssFile t/a -Name tt/other -Peer $peer
            $null = Receive-DfssFile t/* x/ -RelativeTo t -Peer $peer
            """).ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void What_is_not_in_the_source_is_removed_on_the_other_side()
    {
        Directory.Delete(folder["t", "sub", "deep"], recursive: true);
        File.Delete(folder["t", "b"]);
        Write("t", "new");
        File.WriteAllText(folder["t", "a"], "changed");
        Result sent = session.Run($"{Send} -SkipUnchanged -Confirm:$false").ThrowIfFailed();
        Assert.Equal(["t/a", "t/new", "t/sub/c"], sent.As<DfssFileInfo>().Select(file => file.Name));
        Assert.Equal("t/a t/new t/sub/c tt/other", Stored());

        Write("x", "mine");
        Write("x", "sub/c.dfss-part");
        Result received = session.Run($"{Receive} -SkipUnchanged -Confirm:$false").ThrowIfFailed();
        Assert.Equal(3, received.Output.Count);
        Assert.Equal("a new sub/c sub/c.dfss-part", Local());
        Assert.False(Directory.Exists(folder["x", "sub", "deep"]));
        Assert.Equal("changed", File.ReadAllText(folder["x", "a"]));
        Assert.Empty(host.Questions);
    }

    [Theory]
    [InlineData(Send)]
    [InlineData(Receive)]
    public void WhatIf_shows_the_plan_and_removes_nothing(string script)
    {
        Write("t", "new");
        File.Delete(folder["t", "b"]);
        Write("x", "mine");
        Assert.DoesNotContain(
            session.Run($"{script} -SkipUnchanged -WhatIf").ThrowIfFailed().Output,
            item => !(bool)item.Properties["Skipped"].Value);
        string[] lines = script == Send
            ? [$"1 copy\" on target \"{folder["t", "new"]}\"",
                "\"Remove version 1, 1 B\" on target \"t/b\""]
            : [$"\"Remove the file, which is not stored\" on target \"{folder["x", "mine"]}\""];
        Assert.Equal(lines.Length, host.Lines.Count);
        Assert.All(lines.Zip(host.Lines), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.Equal("t/a t/b t/sub/c t/sub/deep/d tt/other", Stored());
        Assert.Equal("a b mine sub/c sub/deep/d", Local());
    }

    [Theory]
    [InlineData(Send, "from the store")]
    [InlineData(Receive, "from this machine")]
    public void Removing_is_asked_once_and_refused_nothing_is_removed(string script, string place)
    {
        File.Delete(folder["t", "b"]);
        Directory.Delete(folder["t", "sub"], recursive: true);
        Write("x", "1");
        Write("x", "2");
        Write("x", "3");
        Write("x", "4");
        using Session other = new(new AnsweringHost(_ => false));
        other.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        other.Runspace.SessionStateProxy.SetVariable("peer", session.Run("$peer.Endpoint").As<string>()[0]);
        other.Run(script).ThrowIfFailed();
        Assert.Equal("t/a t/b t/sub/c t/sub/deep/d tt/other", Stored());
        Assert.Equal("1 2 3 4 a b sub/c sub/deep/d", Local());

        session.Run(script).ThrowIfFailed();
        string question = Assert.Single(host.Questions);
        Assert.Contains(place, question, StringComparison.Ordinal);
        Assert.Contains(script == Send ? "'t/sub/deep/d'" : " and 1 more", question, StringComparison.Ordinal);
        Assert.Equal(script == Send ? "t/a tt/other" : "t/a t/b t/sub/c t/sub/deep/d tt/other", Stored());
        Assert.Equal(script == Send ? "1 2 3 4 a b sub/c sub/deep/d" : "a b sub/c sub/deep/d", Local());
    }

    [Fact]
    public void With_Confirm_each_file_is_asked_about()
    {
        File.Delete(folder["t", "a"]);
        File.Delete(folder["t", "b"]);
        session.Run($"{Send} -SkipUnchanged -Confirm").ThrowIfFailed();
        Assert.Equal(2, host.Questions.Count);
        Assert.Equal("t/sub/c t/sub/deep/d tt/other", Stored());
    }

    [Theory]
    [InlineData("-Exclude b, deep", "t/b t/sub/c t/sub/deep/d tt/other")]
    [InlineData("-Include a", "t/b t/sub/c t/sub/deep/d tt/other")]
    [InlineData("-Include a, b", "t/sub/c t/sub/deep/d tt/other")]
    public void What_is_left_out_stays(string arguments, string stored)
    {
        File.Delete(folder["t", "b"]);
        File.Delete(folder["t", "a"]);
        Directory.Delete(folder["t", "sub", "deep"], recursive: true);
        Write("t", "A");
        Assert.SkipWhen(File.Exists(folder["t", "a"]), "This disk ignores case.");
        session.Run($"{Send} {arguments} -Confirm:$false").ThrowIfFailed();
        Assert.Equal($"t/A {stored}", Stored());
    }

    [Fact]
    public void A_pattern_of_names_limits_what_is_removed_here()
    {
        Write("x", "mine");
        Write("x", "sub/mine");
        session.Run("Receive-DfssFile t/sub/* x -RelativeTo t -Peer $peer -Mirror -Confirm:$false").ThrowIfFailed();
        Assert.Equal("a b mine sub/c sub/deep/d", Local());
    }

    [Theory]
    [InlineData("Send-DfssFile t, none -Recurse -Mirror", "PathNotFound MirrorIncomplete")]
    [InlineData("Send-DfssFile t, nothing -Recurse -Mirror -Include z", "MirrorSourceEmpty")]
    [InlineData("Send-DfssFile t, nothing -Recurse -Mirror", "MirrorSourceEmpty")]
    [InlineData("Send-DfssFile t/a, nothing -Recurse -RelativeTo . -Mirror", "MirrorSourceEmpty")]
    [InlineData("Send-DfssFile t/a -Recurse -RelativeTo . -Mirror", "MirrorNeedsFolder")]
    [InlineData("Receive-DfssFile t/*, none x -RelativeTo t -Mirror", "FileNotFound MirrorIncomplete")]
    [InlineData("Receive-DfssFile none/* x -RelativeTo none -Mirror", "MirrorSourceEmpty")]
    [InlineData("Receive-DfssFile t/*, t/none* x -RelativeTo t -Mirror", "MirrorSourceEmpty")]
    public void Nothing_is_removed_if_any_file_was_an_error(string script, string ids)
    {
        Directory.CreateDirectory(folder["nothing"]);
        File.Delete(folder["t", "b"]);
        Write("x", "mine");
        Result result = session.Run($"{script} -Peer $peer -Confirm:$false");
        Assert.Equal(ids.Split(' '), result.Errors.Select(Result.IdOf));
        Assert.Equal("t/a t/b t/sub/c t/sub/deep/d tt/other", Stored());
        Assert.Equal("a b mine sub/c sub/deep/d", Local());
    }

    [Fact]
    public void What_is_behind_a_link_that_is_passed_over_stays()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        Write("other", "e");

        // Decomposed, as some disks have it; stored names are composed.
        string link = "a\u0308";
        Directory.CreateSymbolicLink(folder["t", link], folder["other"]);
        session.Run($"{Send} -FollowSymlink -Confirm:$false").ThrowIfFailed();
        Assert.Contains("t/\u00e4/e", Stored(), StringComparison.Ordinal);
        File.Delete(folder["other", "e"]);
        session.Run($"{Send} -Confirm:$false").ThrowIfFailed();
        Assert.Contains("t/\u00e4/e", Stored(), StringComparison.Ordinal);
        session.Run($"{Send} -FollowSymlink -Confirm:$false").ThrowIfFailed();
        Assert.DoesNotContain("t/\u00e4/e", Stored(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_is_not_well_formed_ends_the_command() => Assert.Equal(
        "NameInvalid", Result.IdOf(session.RunUntilError("Receive-DfssFile 't/[' x -Mirror -Peer $peer")));

    [Fact]
    public void A_peer_that_does_not_answer_prevents_removals()
    {
        Write("x", "mine");
        Result result = session.Run(
            $"{Receive.Replace("$peer", "$peer, localhost:1", StringComparison.Ordinal)} -Confirm:$false");
        Assert.Equal("MirrorIncomplete", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal("a b mine sub/c sub/deep/d", Local());
    }

    [Theory]
    [InlineData("Send-DfssFile t -Mirror -Peer $peer")]
    [InlineData("Send-DfssFile t -Recurse -RelativeTo t -Mirror -Peer $peer")]
    [InlineData("Receive-DfssFile t/* x -Flatten -Mirror -Peer $peer")]
    [InlineData("Receive-DfssFile -LiteralName t/a x -Mirror -Peer $peer")]
    [InlineData("Receive-DfssFile t/* x/none -Mirror -Peer $peer")]
    [InlineData("'t/a' | Receive-DfssFile -Destination x -Mirror -Peer $peer")]
    [InlineData("Receive-DfssFile t/* -RelativeTo t -Mirror -Peer $peer -WhatIf")]
    [InlineData("Receive-DfssFile none/* / -Mirror -Peer $peer -WhatIf")]
    public void What_would_be_removed_must_follow_from_the_command(string script) =>
        Assert.Equal("MirrorNeedsFolder", Result.IdOf(session.RunUntilError(script)));

    private void Write(string tree, string name)
    {
        string path = folder[tree, name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, name.Replace("sub/", string.Empty, StringComparison.Ordinal));
    }

    private string Stored() => string.Join(
        ' ', session.Run("Get-DfssFileInfo -Peer $peer").As<DfssFileInfo>().Select(file => file.Name));

    private string Local() => string.Join(
        ' ', Directory.EnumerateFiles(folder["x"], "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder["x"], path).Replace('\\', '/')).Order(StringComparer.Ordinal));
}
