using System.Management.Automation;
using Dfss.Tests.Conventions;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Remove-DfssFile and Rename-DfssFile, with two peers.</summary>
public sealed class RemoveAndRenameTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly AnsweringHost host = new(_ => true);
    private readonly Session session;

    public RemoveAndRenameTests()
    {
        session = new Session(host);
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run(
            "$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }; $ConfirmPreference = 'None'")
                .ThrowIfFailed();
        foreach (string name in new[] { "a", "b", "[1]", "1" })
        {
            File.WriteAllText(Path.Combine(folder, name), $"content of {name}");
            session.Run("Send-DfssFile -LiteralPath $path -Peer $peers", ("path", name)).ThrowIfFailed();
        }

        session.Run("Send-DfssFile a -Name d/x -Peer $peers; Send-DfssFile b -Name d/y -Peer $peers").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Remove-DfssFile a -Peer $peers", "1", "[1]", "b", "d/x", "d/y")]
    [InlineData("Remove-DfssFile a, d/* -Peer $peers[1]", "1", "[1]", "b")]
    [InlineData("Remove-DfssFile [1] -Peer $peers", "a", "b", "d/x", "d/y")]
    [InlineData("Remove-DfssFile -LiteralName [1] -Peer $peers", "1", "a", "b", "d/x", "d/y")]
    [InlineData("'a', 'b' | Remove-DfssFile -Peer $peers", "1", "[1]", "d/x", "d/y")]
    [InlineData("[pscustomobject]@{ LiteralName = '[1]' } | Remove-DfssFile -Peer $peers", "1", "a", "b", "d/x", "d/y")]
    [InlineData("Get-DfssFileInfo d/* -Peer $peers | Remove-DfssFile", "1", "[1]", "a", "b")]
    [InlineData("Remove-DfssFile * -Peer $peers -ThrottleLimit 1")]
    [InlineData("Remove-DfssFile nothing* -Peer $peers", "1", "[1]", "a", "b", "d/x", "d/y")]
    [InlineData("Remove-DfssFile * -Peer $peers -WhatIf", "1", "[1]", "a", "b", "d/x", "d/y")]
    public void What_was_named_is_removed_and_nothing_else_without_a_word(string script, params string[] left)
    {
        Result result = session.Run(script).ThrowIfFailed();
        Assert.Empty(result.Output);
        Assert.Empty(result.Warnings);
        Assert.Equal(left, Names());
    }

    [Fact]
    public void Of_many_names_that_are_not_found_only_the_first_takes_a_listing()
    {
        IReadOnlyList<ErrorRecord> errors = session.Run("'A', 'B' | Get-DfssFileInfo -Peer $peers").Errors;
        Assert.Equal(
            [true, false],
            errors.Select(error => error.ErrorDetails.Message.Contains("Did you mean", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Get-DfssFileInfo {0} -Peer $peers")]
    [InlineData("Receive-DfssFile {0} -Destination none -Peer $peers")]
    [InlineData("Remove-DfssFile {0} -Confirm:$false -Peer $peers")]
    [InlineData("Compare-DfssFile disk1.iso {0} -Peer $peers")]
    public void A_name_that_is_not_found_is_asked_about(string command)
    {
        File.WriteAllText(Path.Combine(folder, "disk1.iso"), "image");
        session.Run("$null = Send-DfssFile disk1.iso -Peer $peers").ThrowIfFailed();
        foreach (string name in (string[])["Disk1.iso", "disk2.iso"])
        {
            ErrorRecord error = Assert.Single(
                session.Run(command.Replace("{0}", name, StringComparison.Ordinal)).Errors);
            Assert.Equal("FileNotFound", Result.IdOf(error));
            Assert.EndsWith("Did you mean 'disk1.iso'?", error.ErrorDetails.Message, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(
            "Did you mean",
            Assert.Single(session.Run(command.Replace("{0}", "other", StringComparison.Ordinal)).Errors)
                .ErrorDetails.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Get-DfssFileInfo tree -Peer $peers", "FileNotFound", "Write 'tree/*' for all files below it.")]
    [InlineData("Receive-DfssFile tree -Peer $peers", "FileNotFound", "Write 'tree/*' for all files below it.")]
    [InlineData(
        "Test-DfssFile 'tree/`[x`]' -Peer $peers", "FileNotFound", "Write 'tree/`[x`]/*' for all files below it.")]
    [InlineData("Receive-DfssFile tree/ -Peer $peers", "InvalidName", "the files below it are 'tree/*'.")]
    public void For_a_folder_the_error_says_how_to_name_its_files(string command, string id, string advice)
    {
        Directory.CreateDirectory(Path.Combine(folder, "tree", "[x]"));
        File.WriteAllText(Path.Combine(folder, "tree", "[x]", "a"), "a");
        session.Run("$null = Send-DfssFile tree -Recurse -Peer $peers").ThrowIfFailed();

        ErrorRecord error = Assert.Single(session.Run(command).Errors);

        Assert.Equal(id, Result.IdOf(error));
        Assert.EndsWith(advice, error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_not_there_is_an_error_and_the_others_are_removed()
    {
        Result result = session.Run("Remove-DfssFile none, a -Peer $peers");
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(result.Errors)));
        Assert.DoesNotContain("a", Names());
    }

    [Fact]
    public void What_was_removed_is_given_with_PassThru_in_the_order_of_the_input()
    {
        Assert.Equal(
            ["b", "a"],
            session.Run("Remove-DfssFile b, a -Peer $peers -PassThru").As<DfssFileInfo>().Select(file => file.Name));
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(session.Run("Receive-DfssFile a -Peer $peers").Errors)));
    }

    [Fact]
    public void A_file_that_was_changed_since_it_was_seen_stays_unless_forced()
    {
        session.Run(
            "$seen = Get-DfssFileInfo a -Peer $peers; Send-DfssFile b -Name a -Force -Peer $peers").ThrowIfFailed();
        ErrorRecord error = Assert.Single(session.Run("$seen | Remove-DfssFile").Errors);
        Assert.Equal("Conflict", Result.IdOf(error));
        Assert.Equal("a", error.TargetObject);
        Assert.Equal("'a' is at version 2, not at version 1.", error.ErrorDetails.Message);
        Assert.Contains("a", Names());
        session.Run("$seen | Remove-DfssFile -Force").ThrowIfFailed();
        Assert.DoesNotContain("a", Names());
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(session.Run("$seen | Remove-DfssFile -Force").Errors)));
    }

    [Theory]
    [InlineData("Rename-DfssFile a c -Peer $peers", "a", "c")]
    [InlineData("Rename-DfssFile -LiteralName '[1]' -NewName 'x [1]' -Peer $peers[0]", "[1]", "x [1]")]
    [InlineData("'a' | Rename-DfssFile -NewName e/f -Peer $peers", "a", "e/f")]
    [InlineData("Get-DfssFileInfo a -Peer $peers | Rename-DfssFile -NewName { \"$($_.Name).old\" }", "a", "a.old")]
    [InlineData("[pscustomobject]@{ Name = 'a'; NewName = 'z' } | Rename-DfssFile -Peer $peers", "a", "z")]
    public void A_renamed_file_has_its_content_under_the_new_name_only(string script, string old, string now)
    {
        Result result = session.Run($"{script} -PassThru");
        Assert.Equal(now, result.As<DfssFileInfo>()[0].Name);
        Assert.DoesNotContain(old, Names());
        session.Run("Receive-DfssFile -LiteralName $now -Peer $peers -Destination out/", ("now", now)).ThrowIfFailed();
        Assert.Equal($"content of {old}", File.ReadAllText(Path.Combine(folder, "out", now)));
    }

    [Fact]
    public void Many_files_are_renamed_each_to_what_its_object_says()
    {
        session.Run("Get-DfssFileInfo d/* -Peer $peers | Rename-DfssFile -NewName { $_.Name -replace '^d/', 'e/' }")
            .ThrowIfFailed();
        Assert.Equal(["1", "[1]", "a", "b", "e/x", "e/y"], Names());
    }

    [Theory]
    [InlineData("Rename-DfssFile a b -Peer $peers", "FileExists", "'b' exists. Nothing was changed.")]
    [InlineData("Rename-DfssFile a a -Peer $peers", "FileExists", "'a' exists. Nothing was changed.")]
    [InlineData("Rename-DfssFile none c -Peer $peers", "FileNotFound", null)]
    [InlineData("Rename-DfssFile a ../c -Peer $peers", "InvalidName", null)]
    [InlineData("Rename-DfssFile a \"`0\" -Peer $peers", "InvalidName", null)]
    public void A_name_that_cannot_be_given_is_an_error_and_changes_nothing(string script, string id, string? message)
    {
        ErrorRecord error = Assert.Single(session.Run(script).Errors);
        Assert.Equal(id, Result.IdOf(error));
        Assert.Equal(message ?? error.ErrorDetails.Message, error.ErrorDetails.Message);
        Assert.Equal(["1", "[1]", "a", "b", "d/x", "d/y"], Names());
    }

    [Theory]
    [InlineData("Rename-DfssFile a b -Peer $peers -WhatIf", "Rename to 'b', which would fail: 'b' exists")]
    [InlineData("Get-DfssFileInfo a -Peer $peers | Rename-DfssFile -NewName b -WhatIf",
        "Rename to 'b', which would fail: 'b' exists")]
    [InlineData("Rename-DfssFile a ../c -Peer $peers -WhatIf", "Rename to '../c', which would fail: ")]
    [InlineData("Rename-DfssFile a c -Peer $peers -WhatIf", "Rename to 'c'\"")]
    public void WhatIf_names_what_would_fail(string script, string said)
    {
        session.Run(script).ThrowIfFailed();
        Assert.Contains(said, Assert.Single(host.Lines), StringComparison.Ordinal);
        Assert.Equal(["1", "[1]", "a", "b", "d/x", "d/y"], Names());
    }

    [Theory]
    [InlineData("Rename-DfssFile d/* c -Peer $peers")]
    [InlineData("Rename-DfssFile a, b c -Peer $peers")]
    [InlineData("Rename-DfssFile d/* c -Peer $peers -WhatIf")]
    [InlineData("'a', 'b' | Rename-DfssFile -NewName c -Peer $peers")]
    [InlineData("Get-DfssFileInfo -Peer $peers | Rename-DfssFile -NewName c")]
    public void Several_files_for_the_new_name_of_a_command_are_refused_and_none_is_renamed(string script)
    {
        ErrorRecord error = session.RunUntilError(script);
        Assert.Equal("NameUsedTwice", Result.IdOf(error));
        Assert.Contains(
            "would both be 'c' in the store. Nothing was renamed.", error.Exception.Message, StringComparison.Ordinal);
        Assert.Empty(host.Lines);
        Assert.Equal(["1", "[1]", "a", "b", "d/x", "d/y"], Names());
    }

    [Fact]
    public void A_pattern_of_one_object_that_matches_several_files_renames_none_of_them()
    {
        Result result = session.Run(
            "[pscustomobject]@{ Name = 'd/*'; NewName = 'c' }, [pscustomobject]@{ Name = 'a'; NewName = 'e' } | "
                + "Rename-DfssFile -Peer $peers");
        Assert.Equal("NameUsedTwice", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(["1", "[1]", "b", "d/x", "d/y", "e"], Names());
    }

    [Fact]
    public void Of_two_objects_with_one_new_name_the_first_has_it()
    {
        ErrorRecord error = Assert.Single(session.Run(
            "Get-DfssFileInfo d/* -Peer $peers | Rename-DfssFile -NewName { 'c' }").Errors);
        Assert.Equal("NameUsedTwice", Result.IdOf(error));
        Assert.Equal("d/y", error.TargetObject);
        Assert.Equal(["1", "[1]", "a", "b", "c", "d/y"], Names());
    }

    [Theory]
    [InlineData("Remove-DfssFile a -Peer $peers[0]")]
    [InlineData("Rename-DfssFile a c -Peer $peers[0]")]
    public void Without_a_majority_nothing_is_changed_and_the_peer_that_is_missing_is_named(string script)
    {
        string lost = session.Run("$peers[1] | Stop-DfssPeer -PassThru").As<DfssPeerInfo>()[0].Endpoint;
        ErrorRecord error = Assert.Single(session.Run(script).Errors);
        Assert.Equal("NoMajority", Result.IdOf(error));
        Assert.Contains(lost, error.ErrorDetails.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Remove-DfssFile a -Peer $peers")]
    [InlineData("Rename-DfssFile a c -Peer $peers")]
    public void No_peer_to_ask_ends_the_command(string script)
    {
        session.Run("$peers | Stop-DfssPeer").ThrowIfFailed();
        Assert.Equal("PeerUnreachable", Result.IdOf(session.RunUntilError(script)));
    }

    private string[] Names() =>
        [.. session.Run("Get-DfssFileInfo -Peer $peers").As<DfssFileInfo>().Select(file => file.Name)];
}
