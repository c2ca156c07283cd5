using System.Management.Automation;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.BadInput;

/// <summary>Names of stored files that would be dangerous somewhere, or are none.</summary>
public sealed class BadNameTests : BadInputTests
{
    public static TheoryData<string> Refused => new(
        "../../x", "a/../../b", "..", ".", "./x", "/etc/passwd", "a//b", "a/", @"C:\x", @"\\server\share\x",
        "a\0b", "a\nb",
        "a\rb", "\u001b[2Jx", new string('x', 5000));

    /// <summary>Names that only some systems cannot have.</summary>
    public static TheoryData<string> Portable =>
        new("CON", "nul.txt", "C:x", "a.", "a*b?", "-Force", "$(x)", "~", "...");

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_name_that_none_may_have_is_refused_wherever_it_is_given(string name)
    {
        Set("name", name);
        string shown = string.Concat((name.Length > 80 ? name[..77] + "..." : name).Select(
            letter => letter < ' ' ? (char)('\u2400' + letter) : letter));
        Set("files", new object[] { Row("in/good.txt", name), Row("in/good.txt", "fine") });
        Check(
            Fails("$files | Send-DfssFile -Peer $peer", results: 1), "InvalidName", ErrorCategory.InvalidArgument,
            In("good.txt"),
            $"'{shown}' cannot be the name of a stored file:");
        IsStored("fine");
        foreach (string command in new[] { "Get-DfssFileInfo", "Receive-DfssFile -Destination out" })
        {
            ErrorRecord error = Fails($"{command} -LiteralName $name, fine -Peer $peer", results: 1);
            Check(error, "InvalidName", ErrorCategory.InvalidArgument, name,
                $"'{shown}' cannot be the name of a stored file:");
        }

        IsAtDestination("fine");
        Assert.Equal(["in", "out"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order());
    }

    public static TheoryData<string> Invisible =>
        new(" ", "\u00a0", "a/ /b", " a", "a ", "a/b ", "a\u200bb", "\u200d", "a\u202eb", "\u2800");

    [Theory]
    [MemberData(nameof(Invisible))]
    public void A_new_name_that_does_not_show_is_refused_and_one_that_is_stored_can_be_asked_for(string name)
    {
        Set("name", name);
        Check(
            Fails("Send-DfssFile in/good.txt -Name $name -Peer $peer"), "InvalidName", ErrorCategory.InvalidArgument,
            In("good.txt"), $"'{name}' cannot be the name of a new file:");
        Send("good.txt");
        Check(
            Fails("Rename-DfssFile good.txt $name -Peer $peer"), "InvalidName",
            ErrorCategory.InvalidArgument, "good.txt",
            $"'{name}' cannot be the name of a new file:");
        IsStored("good.txt");
        Assert.Equal(name, FileName.Normalize(name));
        foreach (string command in new[] { "Get-DfssFileInfo", "Receive-DfssFile", "Remove-DfssFile -Confirm:$false" })
        {
            Check(
                Fails($"{command} -LiteralName $name -Peer $peer"), "FileNotFound", ErrorCategory.ObjectNotFound, name,
                $"'{name}'");
        }
    }

    [Theory]
    [InlineData("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")]
    [InlineData("\U0001F469\u200D\U0001F4BB.txt")]
    [InlineData("a b/c\u00a0d")]
    public void A_name_with_joiners_or_spaces_between_other_characters_is_stored(string name)
    {
        Set("name", name);
        Run("Send-DfssFile in/good.txt -Name $name -Peer $peer").ThrowIfFailed();
        IsStored(name);
    }

    [Fact]
    public void A_part_that_no_disk_takes_is_sent_with_a_warning_whose_advice_receives_it()
    {
        string name = "sub/" + new string('\u00e9', 130);
        Set("name", name);
        Result sent = Run("Send-DfssFile in/good.txt -Name $name -Peer $peer");
        sent.ThrowIfFailed();
        Assert.Contains("a part of 260 bytes", Assert.Single(sent.Warnings), StringComparison.Ordinal);
        Assert.Contains("Receive-DfssFile -Destination", sent.Warnings[0], StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            ErrorRecord error = Fails("Receive-DfssFile -LiteralName $name -Destination out -Peer $peer");
            Check(error, "InvalidName", ErrorCategory.InvalidArgument, name, "longer than the 255 bytes");
            IsAtDestination();
        }

        Assert.Single(Run("Receive-DfssFile -LiteralName $name -Destination out/short -Peer $peer").As<FileInfo>());
    }

    [Theory]
    [InlineData("Get-DfssFileInfo '' -Peer $peer")]
    [InlineData("Receive-DfssFile '' -Peer $peer")]
    [InlineData("Remove-DfssFile '' -Peer $peer")]
    [InlineData("Rename-DfssFile x '' -Peer $peer")]
    [InlineData("Copy-DfssFile x '' -Peer $peer")]
    [InlineData("Restore-DfssFile '' -Peer $peer")]
    public void An_empty_name_is_refused_by_the_engine(string script) =>
        Assert.Equal("ParameterArgumentValidationError", Result.IdOf(Ends(script)));

    [Theory]
    [InlineData("Send-DfssFile in/good.txt -Name '' -Peer $peer")]
    [InlineData("'in/good.txt' | Send-DfssFile -Name '' -Peer $peer")]
    [InlineData("[IO.FileInfo]\"$PWD/in/good.txt\" | Send-DfssFile -Name '' -Peer $peer")]
    public void An_empty_name_is_no_name_for_a_file(string script)
    {
        Check(Fails(script), "InvalidName", ErrorCategory.InvalidArgument, In("good.txt"), "''");
        IsStored();
    }

    [Theory]
    [MemberData(nameof(Portable))]
    public void A_name_that_some_systems_cannot_have_is_stored_and_received_where_it_can_be(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "LocalNameTests have what Windows refuses.");
        Set("name", name);
        Run("Send-DfssFile in/good.txt -Name $name -Peer $peer").ThrowIfFailed();
        IsStored(name);
        Run("Receive-DfssFile -LiteralName $name -Destination out -Peer $peer").ThrowIfFailed();
        IsAtDestination(name);
        Assert.Equal("good", File.ReadAllText(Out(name)));
    }

    [Fact]
    public void A_pattern_that_is_none_does_not_stop_the_others()
    {
        Send("a.txt");
        ErrorRecord error = Fails("Receive-DfssFile '[a', a.txt -Peer $peer -Destination out", results: 1);
        Check(error, "NameInvalid", ErrorCategory.InvalidArgument, "[a", "'[a' is not a pattern");
        IsAtDestination("a.txt");
    }

    [Fact]
    public void Names_that_differ_only_by_case_are_two_files_in_the_store_and_on_a_case_sensitive_disk()
    {
        Assert.SkipWhen(LocalName.IgnoresCase(Folder), "This disk takes them for one.");
        Run("'a', 'A' | ForEach-Object { Send-DfssFile in/good.txt -Name $_ -Peer $peer }").ThrowIfFailed();
        IsStored("A", "a");
        Run("Receive-DfssFile * -Peer $peer -Destination out").ThrowIfFailed();
        IsAtDestination("A", "a");
    }

    [Fact]
    public void On_a_disk_that_ignores_case_only_the_first_of_them_is_received()
    {
        var destination = new ReceiveDestination(Out(string.Empty), Out(string.Empty), ignoresCase: _ => true);
        destination.Claim(destination.Locate("a"), "a");
        DfssException refused = Assert.Throws<DfssException>(() => destination.Claim(destination.Locate("A"), "A"));
        Check(
            ErrorRecords.Create(refused, "A"), "DestinationExists", ErrorCategory.ResourceExists, "A", "'A' and 'a'",
            $"'{Out("a")}'");
        destination.Claim(destination.Locate("b"), "b");
    }

    private static PSObject Row(string path, string name)
    {
        var row = new PSObject();
        row.Properties.Add(new PSNoteProperty("Path", path));
        row.Properties.Add(new PSNoteProperty("Name", name));
        return row;
    }
}
