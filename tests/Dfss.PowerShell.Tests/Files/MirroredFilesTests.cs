using Dfss.Commands;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Which local files a receive with -Mirror takes for no longer stored.</summary>
public sealed class MirroredFilesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly MirroredFiles mirrored = MirroredFiles.Create(new StoredFolder(null, isFlat: false), ["*"], false);
    private readonly StoredFile file;

    public MirroredFilesTests()
    {
        using Session session = new();
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        File.WriteAllText(folder["source"], "source");
        file = Assert.Single(session.Run(
            "$peer = Start-DfssPeer -InMemory -Port 0; Send-DfssFile source -Peer $peer; Stop-DfssPeer $peer.Id")
            .As<DfssFileInfo>()).File;
        File.Delete(folder["source"]);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_received_file_whose_name_has_another_case_here_stays()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        Directory.CreateDirectory(folder["S"]);
        File.WriteAllText(folder["S", "a"], "a");
        Assert.SkipWhen(Directory.Exists(folder["s"]), "This disk ignores case.");
        mirrored.Add(file with { Name = "s/a" });
        Assert.Equal([folder["S", "a"]], mirrored.FindSurplus(folder.Path, CancellationToken.None));

        // As a folder that ignores case: the name leads to the file, and is not listed.
        Directory.CreateSymbolicLink(folder["s"], folder["S"]);
        Assert.Equal([], mirrored.FindSurplus(folder.Path, CancellationToken.None));
    }

    [Fact]
    public void What_is_not_known_and_what_is_empty_is_told()
    {
        MirroredFiles two = MirroredFiles.Create(new StoredFolder(null, isFlat: false), ["a*", "b*"], false);
        two.Add(file with { Name = "a1" });
        Assert.Null(two.FindLack());
        Assert.Equal("b*", two.FindEmpty());
        two.Add(new StoredFile(file.Record, IsCurrent: false) { Name = "b1" });
        Assert.NotNull(two.FindLack());
        Assert.Null(two.FindEmpty());
    }
}
