using System.Globalization;
using System.Management.Automation;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Resolves a path as the cmdlets do.</summary>
[Cmdlet(VerbsDiagnostic.Resolve, "ProbePath")]
public sealed class ResolveProbePathCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0)]
    public string Path { get; set; } = string.Empty;

    [Parameter]
    public string Kind { get; set; } = nameof(PathKind.Wildcards);

    protected override void ProcessRecord()
    {
        FileSystemPath resolved = FileSystemPath.Resolve(this, Path, Enum.Parse<PathKind>(Kind));
        WriteObject(resolved.Paths, enumerateCollection: true);
        foreach (ErrorRecord error in resolved.Errors)
        {
            WriteError(error);
        }
    }
}

public sealed class FileSystemPathTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new(typeof(ResolveProbePathCommand));

    public FileSystemPathTests()
    {
        File.WriteAllText(Path.Combine(folder, "a.txt"), "a");
        File.WriteAllText(Path.Combine(folder, "b.txt"), "b");
        File.WriteAllText(Path.Combine(folder, "[1].txt"), "brackets");
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
    }

    public void Dispose()
    {
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Wildcards_are_expanded_from_PowerShells_location() => Assert.Equal(
        [Path.Combine(folder, "a.txt"), Path.Combine(folder, "b.txt")],
            session.Run("Resolve-ProbePath [ab].txt").As<string>());

    [Fact]
    public void A_literal_path_keeps_its_brackets() => Assert.Equal(
        [Path.Combine(folder, "[1].txt")], session.Run("Resolve-ProbePath '[1].txt' -Kind Literal").As<string>());

    [Fact]
    public void A_new_path_need_not_exist() => Assert.Equal(
        [Path.Combine(folder, "none", "x")], session.Run("Resolve-ProbePath none/x -Kind New").As<string>());

    [Fact]
    public void A_pattern_that_matches_nothing_is_no_error() =>
        Assert.Empty(session.Run("Resolve-ProbePath *.none").As<string>());

    [Fact]
    public void The_home_folder_is_known() => Assert.Equal(
        [Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)],
            session.Run("Resolve-ProbePath '~' -Kind New").As<string>());

    [Fact]
    public void A_drive_is_followed()
    {
        session.Runspace.SessionStateProxy.Drive.New(
            new PSDriveInfo("probe", session.Runspace.SessionStateProxy.Provider.GetOne("FileSystem"), folder,
                string.Empty, null), "global");
        Assert.Equal([Path.Combine(folder, "[1].txt")],
            session.Run("Resolve-ProbePath 'probe:/[1].txt' -Kind Literal").As<string>());
    }

    /// <summary>Existing absolute paths are not resolved by the engine, but the result must be the engine's.</summary>
    [Theory]
    [InlineData("{0}/a.txt", "{0}")]
    [InlineData("{0}/./a.txt", "{0}")]
    [InlineData("{0}//a.txt", "{0}")]
    [InlineData("{0}/../{1}/a.txt", "{0}")]
    [InlineData("{0}/a.txt/", "{0}")]
    [InlineData("{0}\\a.txt", "{0}")]
    [InlineData("{0}/in", "{0}")]
    [InlineData("/", "{0}")]
    [InlineData("Microsoft.PowerShell.Core\\FileSystem::{0}/a.txt", "{0}")]
    [InlineData("Microsoft.PowerShell.Core\\FileSystem::{0}/a.txt", "Env:")]
    [InlineData("FileSystem::{0}/a.txt", "Env:")]
    [InlineData("{0}/a.txt", "Env:")]
    [InlineData("/a.txt", "probe:/")]
    [InlineData("/in/a.txt", "probe:/in")]
    [InlineData("{0}/a.txt", "probe:/")]
    [InlineData("{0}/in/a.txt", "deep:/")]
    [InlineData("{0}/it's: x.txt", "{0}")]
    public void An_absolute_path_is_resolved_as_the_engine_does(string path, string location)
    {
        Directory.CreateDirectory(Path.Combine(folder, "in"));
        File.WriteAllText(Path.Combine(folder, "in", "a.txt"), "a");
        File.WriteAllText(Path.Combine(folder, "it's: x.txt"), "a");
        // Whether what looks like an absolute path is one depends on the drive; below this root there is such a path.
        string mirrored = Directory.CreateDirectory(folder + "/deep" + folder + "/in").FullName;
        File.WriteAllText(Path.Combine(mirrored, "a.txt"), "a");
        ProviderInfo fileSystem = session.Runspace.SessionStateProxy.Provider.GetOne("FileSystem");
        foreach ((string drive, string root) in new[] { ("probe", folder), ("deep", folder + "/deep") })
        {
            session.Runspace.SessionStateProxy.Drive.New(
                new PSDriveInfo(drive, fileSystem, root, string.Empty, null), "global");
        }

        string Fill(string text) => string.Format(
            CultureInfo.InvariantCulture, text, folder, Path.GetFileName(folder));
        session.Runspace.SessionStateProxy.Path.SetLocation(Fill(location));
        string quoted = Fill(path).Replace("'", "''", StringComparison.Ordinal);
        foreach (PathKind kind in Enum.GetValues<PathKind>())
        {
            string method = kind == PathKind.Wildcards
                ? $"GetResolvedProviderPathFromPSPath('{quoted}', [ref] $provider)"
                : $"GetUnresolvedProviderPathFromPSPath('{quoted}', [ref] $provider, [ref] $drive)";
            IReadOnlyList<string> expected = session.Run(
                "$provider = $drive = $path = $null; try { $path = @($ExecutionContext.SessionState.Path."
                    + method + ") } catch { }; if ($provider.Name -eq 'FileSystem') { $path }").As<string>();
            Assert.Equal(
                expected,
                session.Run($"Resolve-ProbePath '{quoted}' -Kind {kind}").Output.Select(item => item.ToString()));
        }
    }

    [Theory]
    [InlineData("none.txt", "Wildcards", "PathNotFound")]
    [InlineData("nodrive:/x", "Literal", "DriveNotFound")]
    [InlineData("nodrive:/x", "Wildcards", "DriveNotFound")]
    [InlineData("env:PATH", "Wildcards", "PathNotOfFileSystem")]
    [InlineData("env:PATH", "New", "PathNotOfFileSystem")]
    public void What_cannot_be_resolved_is_an_error_with_an_id(string path, string kind, string id)
    {
        Result result = session.Run($"Resolve-ProbePath '{path}' -Kind {kind}");
        Assert.Null(result.Ending);
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal(id, Result.IdOf(error));
        Assert.Equal(path, error.TargetObject);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
    }
}
