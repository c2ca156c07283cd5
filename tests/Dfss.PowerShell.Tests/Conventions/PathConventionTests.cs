using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>Which local files the cmdlets take for which input, seen through what is stored afterwards.</summary>
public sealed class PathConventionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public PathConventionTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Runspace.SessionStateProxy.SetVariable(
            "peer", session.Run("Start-DfssPeer -InMemory -Port 0").As<DfssPeerInfo>()[0].Endpoint);
        foreach (string path in new[] { "a/x", "b/x", "[1].txt", "1.txt", "out/there" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
            File.WriteAllText(Path.Combine(folder, path), path);
        }
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Send-DfssFile [1].txt", "1.txt")]
    [InlineData("Send-DfssFile -Path *.txt", "1.txt", "[1].txt")]
    [InlineData("Send-DfssFile '`[1`].txt'", "[1].txt")]
    [InlineData("Send-DfssFile -LiteralPath '[1].txt'", "[1].txt")]
    [InlineData("Send-DfssFile -LP '[1].txt', 1.txt", "1.txt", "[1].txt")]
    [InlineData("Send-DfssFile -PSPath \"FileSystem::$PWD/1.txt\"", "1.txt")]
    [InlineData("'1.txt', 'a/x' | Send-DfssFile", "1.txt", "x")]
    [InlineData("Send-DfssFile 1.txt other", "other")]
    [InlineData("[pscustomobject]@{ Path = 'a/x' } | Send-DfssFile", "x")]
    [InlineData("[pscustomobject]@{ Path = 'a/x'; Name = 'one' }, [pscustomobject]@{ Path = 'b/x' } | Send-DfssFile",
        "one", "x")]
    [InlineData("[pscustomobject]@{ PSPath = \"FileSystem::$PWD/[1].txt\"; Name = 'one' } | Send-DfssFile", "one")]
    [InlineData("[pscustomobject]@{ LiteralPath = '[1].txt' } | Send-DfssFile", "[1].txt")]
    [InlineData("Send-DfssFile -InputObject ([IO.FileInfo]\"$PWD/a/x\"), ([IO.FileInfo]\"$PWD/1.txt\")", "1.txt", "x")]
    [InlineData("[IO.FileInfo]\"$PWD/[1].txt\" | Send-DfssFile -Name one", "one")]
    [InlineData("Send-DfssFile a/x, b/x -RelativeTo .", "a/x", "b/x")]
    [InlineData("Send-DfssFile -Path $info[0]", "1.txt")]
    [InlineData("Send-DfssFile -Path $info", "1.txt", "x")]
    [InlineData("$info | Send-DfssFile", "1.txt", "x")]
    [InlineData("Send-DfssFile -Path ([Collections.Generic.List[string]]('1.txt', 'a/x'))", "1.txt", "x")]
    [InlineData("Send-DfssFile -Path ([IO.FileInfo]\"$PWD/a/x\"), 1.txt", "1.txt", "x")]
    [InlineData("[IO.FileInfo]\"$PWD/a/x\", [IO.FileInfo]\"$PWD/b/x\" | Send-DfssFile -RelativeTo .", "a/x", "b/x")]
    public void A_path_means_what_it_means_to_PowerShell(string script, params string[] names)
    {
        // As of Resolve-Path.
        session.Run(
            "$info = '1.txt', 'a/x' | ForEach-Object { "
                + "$ExecutionContext.SessionState.Path.GetResolvedPSPathFromPSPath($_)[0] }")
            .ThrowIfFailed();
        Assert.Equal(names, Stored(script));
    }

    [Fact]
    public void The_current_location_is_a_path_and_a_folder() => Assert.Equal("PathIsFolder", Result.IdOf(
        Assert.Single(
            session.Run(
                "Send-DfssFile -Path $ExecutionContext.SessionState.Path.CurrentLocation -Peer $peer").Errors)));

    /// <summary>The property Name of a FileInfo that came over remoting is its leaf too.</summary>
    [Fact]
    public void Files_that_came_over_remoting_keep_their_folders_with_RelativeTo() => Assert.Equal(
        ["a/x", "b/x"],
        Stored(
            "$copies = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize("
                + "@([pscustomobject]@{ PSPath = \"$PWD/a/x\"; Name = 'x' }, [pscustomobject]@{ PSPath = \"$PWD/b/x\"; "
                + "Name = 'x' })));"
                + "$copies | Send-DfssFile -RelativeTo ."));

    [Theory]
    [InlineData("42, [pscustomobject]@{ Some = 'thing' } | Send-DfssFile -Peer $peer",
        "PathNotFound", "InputObjectNotBound")]
    [InlineData("[pscustomobject]@{ PSPath = 'Environment::PATH' } | Send-DfssFile -Peer $peer", "PathNotOfFileSystem")]
    [InlineData("Send-DfssFile -LiteralPath a -Peer $peer", "PathIsFolder")]
    [InlineData("Send-DfssFile -LiteralPath env:PATH, function:prompt -Peer $peer",
        "PathNotOfFileSystem", "PathNotOfFileSystem")]
    [InlineData("Send-DfssFile nodrive:/x -Peer $peer", "DriveNotFound")]
    public void What_is_no_file_is_an_error_for_each_and_nothing_is_sent(string script, params string[] ids)
    {
        Result result = session.Run(script);
        Assert.Null(result.Ending);
        Assert.Equal(ids, result.Errors.Select(Result.IdOf));
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("[pscustomobject]@{ Path = 'a/x' }")]
    [InlineData("@{ Path = 'a/x' }")]
    [InlineData("([pscustomobject]@{ Path = 'a/x' }), 'a/x'")]
    [InlineData("'a/x', @{ Path = 'a/x' }")]
    [InlineData("'a/x', ('b/x', '1.txt')")]
    public void An_object_is_no_path_on_the_command_line_either(string given)
    {
        ErrorRecord error = session.RunUntilError($"Send-DfssFile ({given}) -Peer $peer");
        Assert.Equal("ParameterArgumentTransformationError", Result.IdOf(error));
        Assert.Contains("is not a path or name", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_no_error() => Assert.Empty(Stored("Send-DfssFile *.none"));

    [Fact]
    public void A_name_with_brackets_that_matches_nothing_is_taken_as_it_stands()
    {
        File.WriteAllText(Path.Combine(folder, "draft [12].txt"), "draft");
        Assert.Equal(["draft [12].txt"], Stored("Send-DfssFile 'draft [12].txt'"));

        // Where it matches something, it is a pattern as everywhere.
        File.WriteAllText(Path.Combine(folder, "draft 1.txt"), "other");
        Assert.Equal(["draft 1.txt"], Stored("Send-DfssFile 'draft [12].txt'"));
    }

    [Fact]
    public void Relative_paths_start_at_PowerShells_location_and_not_at_the_process_folder()
    {
        Assert.NotEqual(folder, Directory.GetCurrentDirectory());
        Assert.Equal(["x"], Stored("Send-DfssFile ./a/../a/x"));
        Assert.Equal([Path.Combine(folder, "x")], Received("Receive-DfssFile x"));
        Assert.Equal([Path.Combine(folder, "out", "x")], Received("Receive-DfssFile x -Destination ./out"));
    }

    [Fact]
    public void Drives_and_the_home_folder_work_in_both_directions()
    {
        session.Run(
            """
            $provider = $ExecutionContext.SessionState.Provider.GetOne('FileSystem')
            $drive = [Management.Automation.PSDriveInfo]::new('files', $provider, "$PWD", '', $null)
            $null = $ExecutionContext.SessionState.Drive.New($drive, 'Global')
            $provider.Home = "$PWD"
            """).ThrowIfFailed();
        Assert.Equal(["1.txt", "[1].txt", "x"], Stored("Send-DfssFile files:/a/x, files:/*.txt"));
        Assert.Equal(["x"], Stored("Send-DfssFile ~/b/x -Force"));
        Assert.Equal(["b/x"], Stored("Send-DfssFile ~/b/x -RelativeTo files:/"));
        Assert.Equal([Path.Combine(folder, "out", "x")], Received("Receive-DfssFile x -Destination files:/out"));
        Assert.Equal([Path.Combine(folder, "mine")], Received("Receive-DfssFile x -Destination ~/mine"));
        Assert.True(session.Run("Compare-DfssFile ~/b/x -Peer $peer").As<DfssFileComparison>()[0].IsEqual);
        DfssPeerInfo peer = session.Run("Start-DfssPeer files:/store -Port 0").As<DfssPeerInfo>()[0];
        Assert.Equal(Path.Combine(folder, "store"), peer.StorePath);
    }

    [Fact]
    public void Outside_the_file_system_absolute_paths_work_and_the_rest_is_an_error()
    {
        Stored("Send-DfssFile a/x");
        session.Runspace.SessionStateProxy.Path.SetLocation("env:");
        Assert.Equal(["1.txt"], Stored($"Send-DfssFile 'FileSystem::{folder}/1.txt'"));
        Assert.Equal(["x"], Stored($"[IO.FileInfo]'{folder}/b/x' | Send-DfssFile -Force"));
        Assert.Equal(
            "PathNotOfFileSystem", Result.IdOf(Assert.Single(session.Run("Send-DfssFile a/x -Peer $peer").Errors)));
        Assert.Equal("PathNotOfFileSystem", Result.IdOf(session.RunUntilError("Receive-DfssFile x -Peer $peer")));
        Assert.Equal("PathNotOfFileSystem", Result.IdOf(session.RunUntilError("Start-DfssPeer store -Port 0")));
    }

    [Fact]
    public void A_comparison_names_its_file_for_the_next_command()
    {
        Stored("Send-DfssFile -LiteralPath '[1].txt' -Name deep/one");
        File.WriteAllText(Path.Combine(folder, "[1].txt"), "changed");
        Assert.Equal(["deep/one"], Stored(
            "Compare-DfssFile -LiteralPath '[1].txt' -Name deep/one -Peer $peer | Send-DfssFile -Force"));
        Assert.True(session.Run("Compare-DfssFile -LP '[1].txt' -Name deep/one -Peer $peer")
            .As<DfssFileComparison>()[0].IsEqual);
    }

    [Fact]
    public void Names_of_stored_files_bind_as_they_are_and_as_patterns()
    {
        Stored("Send-DfssFile *.txt");
        Assert.Equal(["1.txt", "[1].txt"], Listed("Get-DfssFileInfo [1].txt"));
        Assert.Equal(["[1].txt"], Listed("Get-DfssFileInfo -LiteralName '[1].txt'"));
        Assert.Equal(["[1].txt"], Listed("Get-DfssFileInfo '`[1`].txt'"));
        Assert.Equal(["[1].txt"], Listed("[pscustomobject]@{ LiteralName = '[1].txt' } | Get-DfssFileInfo"));
        Assert.Equal([Path.Combine(folder, "out", "[1].txt")],
            Received("[pscustomobject]@{ LiteralName = '[1].txt' } | Receive-DfssFile -Destination out"));
        Assert.Equal([Path.Combine(folder, "out", "1.txt"), Path.Combine(folder, "out", "[1].txt")],
            Received("Receive-DfssFile -InputObject (Get-DfssFileInfo -Peer $peer) -Destination out -Force"));
    }

    private string[] Stored(string script) => Listed(script);

    private string[] Listed(string script) => [.. session.Run($"{script} -Peer $peer").As<DfssFileInfo>()
        .Select(file => file.Name).Order(StringComparer.Ordinal)];

    private string[] Received(string script) => [.. session.Run($"{script} -Peer $peer").As<FileInfo>()
        .Select(file => file.FullName).Order(StringComparer.Ordinal)];
}
