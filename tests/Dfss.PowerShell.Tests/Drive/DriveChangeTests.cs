using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>Changes on a drive, and content.</summary>
public sealed class DriveChangeTests : IDisposable
{
    private readonly DriveSession drive = new();

    public DriveChangeTests() => drive.MakeDrive("D");

    public void Dispose() => drive.Dispose();

    [Theory]
    [InlineData("$item.Copy('D:/a', 'D:/c', $false, 'CopyTargetContainer')", "a b/x b/y c")]
    [InlineData("$item.Copy('D:/a', 'D:/b', $false, 'CopyTargetContainer')", "a b/a b/x b/y")]
    [InlineData("$item.Copy('D:/a', 'D:/new/', $false, 'CopyTargetContainer')", "a b/x b/y new/a")]
    [InlineData("$item.Copy('D:/b', 'D:/c', $true, 'CopyTargetContainer')", "a b/x b/y c/x c/y")]
    [InlineData("$item.Move('D:/a', 'D:/b')", "b/a b/x b/y")]
    [InlineData("$item.Move('D:/b', 'D:/c/')", "a c/b/x c/b/y")]
    [InlineData("$item.Rename('D:/b', 'c')", "a c/x c/y")]
    [InlineData("$item.Rename('D:/b', 'c/')", "a c/x c/y")]
    [InlineData("$item.Rename('D:/a', 'c:d')", "b/x b/y c:d")]
    [InlineData("$item.Rename('D:/b/x', 'z')", "a b/y b/z")]
    [InlineData(
        "foreach ($one in $child.Get('D:/b', $false)) { $item.Rename($one.PSPath, $one.Name + 'z') }", "a b/xz b/yz")]
    [InlineData(
        "foreach ($one in $child.Get('D:', $false)) { $item.Rename($one.PSPath, ($one.Name -replace 'b', 'c')) }",
        "a c/x c/y")]
    [InlineData("$item.Remove('D:/b', $true)", "a")]
    [InlineData("$item.Remove('D:/b/x', $false)", "a b/y")]
    [InlineData("$item.New('D:/', 'n', 'File', 'text')", "a b/x b/y n")]
    public void Names_change_as_the_names_of_files_do(string script, string expected)
    {
        drive.Store("a", "b/x", "b/y");
        drive.Run(script).ThrowIfFailed();
        Assert.Equal(expected.Split(' '), drive.Names());
    }

    [Fact]
    public void A_new_name_that_is_spelled_with_other_characters_is_the_name_that_is_stored()
    {
        drive.Store("caf\u00e9/a", "f/a");
        Assert.Contains("FileExists", FindErrors("$item.Rename('D:/f', 'cafe\u0301')"));
        Assert.Equal(["caf\u00e9/a", "f/a"], drive.Names());
    }

    [Theory]
    [InlineData("$item.Copy('D:/b', 'D:/c', $false, 'CopyTargetContainer')", "PathIsFolder")]
    [InlineData("$item.Copy('D:/a', 'D:/b/x', $false, 'CopyTargetContainer')", "FileExists")]
    [InlineData("$item.Copy('D:/b', 'D:/b/d', $true, 'CopyTargetContainer')", "InvalidArgument")]
    [InlineData("$item.Copy('D:/a', 'E:/', $false, 'CopyTargetContainer')", "DestinationOnOtherDrive")]
    [InlineData("$item.Move('D:/a', 'D:/b/x')", "FileExists")]
    [InlineData("$item.Copy('D:/b', 'D:/a', $true, 'CopyTargetContainer')", "CopyContainerItemToLeafError")]
    [InlineData("$item.Move('D:/b', 'D:/a')", "FileExists")]
    [InlineData("$item.Move([string[]] 'D:/b', 'D:/a', $true, $true)", "FileExists")]
    [InlineData("$item.Move('D:/b', 'D:/b/d')", "InvalidArgument")]
    [InlineData("$item.Rename('D:/a', 'b/z')", "InvalidName")]
    [InlineData("$item.Rename('D:/b/x', 'c/x')", "InvalidName")]
    [InlineData("$item.Rename('D:/a', ' z')", "InvalidName")]
    [InlineData("$item.Rename('D:/a', 'b')", "FileExists")]
    [InlineData("$item.Rename('D:/b', 'a')", "FileExists")]
    [InlineData("$item.Rename('D:/b/x', 'y')", "FileExists")]
    [InlineData("$item.Rename('D:/a', 'D:/z')", "InvalidName")]
    [InlineData("$item.Rename('D:/a', 'D:z')", "InvalidName")]
    [InlineData("$item.Rename('D:/b', 'e:z')", "InvalidName")]
    [InlineData("$item.Rename('D:/a', '../z')", "InvalidName")]
    [InlineData("$item.Rename('D:/a', 'z/')", "InvalidName")]
    [InlineData("$item.Rename('D:/b', '/')", "InvalidName")]
    [InlineData("$item.Rename('D:/', 'z')", "InvalidArgument")]
    [InlineData("$item.Rename('P:/', 'z')", "InvalidArgument")]
    [InlineData("$item.Move('P:/', 'P:/z/')", "InvalidArgument")]
    [InlineData("$null = $content.GetWriter('D:/b')", "PathIsFolder")]
    [InlineData("$item.Remove('D:/', $true)", "InvalidArgument")]
    [InlineData("$item.New('D:/', 'n', 'Directory', $null)", "FolderNotStored")]
    [InlineData("$item.New('D:/', 'a', 'File', 'x')", "FileExists")]
    [InlineData("$null = $content.GetReader('D:/b')", "PathIsFolder")]
    [InlineData("$null = $content.GetWriter('D:/n/')", "PathIsFolder")]
    [InlineData("$content.Clear('D:/b')", "PathIsFolder")]
    public void What_cannot_be_is_an_error_and_nothing_changes(string script, string id)
    {
        drive.Store("a", "b/x", "b/y");
        drive.MakeDrive("E");
        drive.MakeDrive("P", "b");
        Assert.Contains(id, FindErrors(script));
        Assert.Equal(["a", "b/x", "b/y"], drive.Names());
    }

    [Theory]
    [InlineData("$item.Copy('D:/f', 'D:/t', $true, 'CopyTargetContainer')")]
    [InlineData("$item.Move('D:/f', 'D:/t')")]
    [InlineData("$item.Move('D:/f', 'D:/t/')")]
    public void A_folder_does_not_go_into_another_one_onto_the_name_of_a_file(string script)
    {
        drive.Store("f/x", "t/f");
        Assert.Contains("FileExists", FindErrors(script));
        Assert.Equal(["f/x", "t/f"], drive.Names());
    }

    /// <summary>The ids of the error that ends a script, and of what caused it.</summary>
    private List<string> FindErrors(string script)
    {
        Result result = drive.Run($"try {{ {script} }} catch {{ throw }}");
        var ids = new List<string>();
        for (Exception? one = result.Ending; one is not null; one = one.InnerException)
        {
            ids.AddRange(one is IContainsErrorRecord known ? [Result.IdOf(known.ErrorRecord)] : []);
        }

        return ids;
    }

    [Fact]
    public void A_folder_does_not_move_onto_its_own_files()
    {
        drive.Store("a/a/x", "a/a/a/x");
        Assert.NotNull(drive.Run("try { $item.Move('D:/a/a', 'D:/') } catch { throw }").Ending);
        Assert.Equal(["a/a/a/x", "a/a/x"], drive.Names());
    }

    [Fact]
    public void Content_goes_in_and_comes_out()
    {
        Result result = drive.Run("""
            $writer = $content.GetWriter('D:/new/a')[0]
            $null = $writer.Write(@('one', 'two'))
            $null = $writer.Write(@('three'))
            $item.Exists('D:/new/a')
            $writer.Close()
            $reader = $content.GetReader('D:/new/a')[0]
            $reader.Read(2) -join '|'
            $reader.Read(0) -join '|'
            @($reader.Read(1)).Count
            $reader.Close()
            """);
        Assert.Equal([false, "one|two", "three", 0], result.ThrowIfFailed().Output.Select(item => item.BaseObject));
        Assert.Equal(["new/a"], drive.Names());
    }

    [Fact]
    public void Nothing_is_added_to_a_file_and_nothing_lost()
    {
        drive.Store("a");
        Result result = drive.Run("""
            $writer = $content.GetWriter('D:/a')[0]
            try { $writer.Seek(0, 'End') } catch { $_.Exception.InnerException.Message }
            $null = $writer.Write(@('more'))
            $writer.Close()
            $reader = $content.GetReader('D:/a')[0]
            $reader.Read(0)
            $reader.Close()
            $content.Clear('D:/a')
            $item.Get('D:/a').Length
            """);
        Assert.Contains("replaced as a whole", result.ThrowIfFailed().Output[0].ToString(), StringComparison.Ordinal);
        Assert.Equal(["a", 0L], result.Output.Skip(1).Select(item => item.BaseObject));
    }
}
