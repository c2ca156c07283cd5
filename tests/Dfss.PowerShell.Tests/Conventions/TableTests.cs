using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>Tables as Import-Csv gives them: each row says by its properties which file goes where.</summary>
public sealed class TableTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public TableTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        Directory.CreateDirectory(At("in"));
        Array.ForEach(["a", "b", "c"], name => File.WriteAllText(At($"in/{name}"), name));
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void An_empty_cell_for_the_name_means_the_default_name()
    {
        Result result = session.Run(
            """
            [pscustomobject]@{ Path = 'in/a'; Name = 'one' }, [pscustomobject]@{ Path = 'in/b'; Name = '' },
                [pscustomobject]@{ Path = 'in/c'; Name = $null } | Send-DfssFile -Peer $peer
            """);
        Assert.Equal(["one", "b", "c"], result.As<DfssFileInfo>().Select(file => file.Name));
    }

    [Theory]
    [InlineData("Name")]
    [InlineData("LiteralName")]
    public void Each_row_goes_to_its_own_destination(string column)
    {
        session.Run("Send-DfssFile in/* -Peer $peer").ThrowIfFailed();
        Result result = session.Run(
            $$"""
            [pscustomobject]@{ {{column}} = 'a'; Destination = 'new/' }, [pscustomobject]@{ {{column}} = 'b' },
                [pscustomobject]@{ {{column}} = 'c'; Destination = 'other' },
                [pscustomobject]@{ {{column}} = 'b'; Destination = 'new' } | Receive-DfssFile -Peer $peer
            """);
        Assert.Equal(
            [At("new/a"), At("b"), At("other"), At("new/b")], result.As<FileInfo>().Select(file => file.FullName));
        Assert.Equal("c", File.ReadAllText(At("other")));
        Assert.Equal("b", File.ReadAllText(At("new/b")));
    }

    [Fact]
    public void A_destination_on_the_command_line_holds_for_all_rows()
    {
        session.Run("Send-DfssFile in/a, in/b -Peer $peer").ThrowIfFailed();
        Result result = session.Run(
            """
            [pscustomobject]@{ Name = 'a'; Destination = 'none' }, [pscustomobject]@{ Name = 'b' } |
                Receive-DfssFile -Destination new/ -Peer $peer
            """);
        Assert.Equal([At("new/a"), At("new/b")], result.As<FileInfo>().Select(file => file.FullName));
    }

    [Fact]
    public void A_row_that_cannot_go_where_it_says_does_not_stop_the_others()
    {
        session.Run("Send-DfssFile in/* -Peer $peer").ThrowIfFailed();
        Result result = session.Run(
            """
            [pscustomobject]@{ Name = 'a'; Destination = 'nodrive:/x' },
                [pscustomobject]@{ Name = 'b'; Destination = '' },
                [pscustomobject]@{ Name = 'a'; Destination = 'new/' },
                [pscustomobject]@{ Name = 'b'; Destination = 'new/a' },
                [pscustomobject]@{ Name = 'c'; Destination = 'new/' } | Receive-DfssFile -Peer $peer
            """);
        Assert.Null(result.Ending);
        Assert.Equal(["DriveNotFound", "ParameterArgumentValidationError", "DestinationExists"],
            result.Errors.Select(Result.IdOf));
        Assert.Equal([At("new/a"), At("new/c")], result.Output.Select(item => ((FileInfo)item.BaseObject).FullName));
        Assert.Equal("a", File.ReadAllText(At("new/a")));
    }

    private string At(string path) => Path.Combine(folder, path);
}
