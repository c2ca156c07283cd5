using System.Management.Automation;
using Dfss.Commands;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>A drive whose files are stored at peers, by what the engine asks of a provider.</summary>
public sealed class DriveTests : IDisposable
{
    private readonly DriveSession drive = new();

    public DriveTests() => drive.MakeDrive("D");

    public void Dispose() => drive.Dispose();

    [Fact]
    public void A_folder_is_there_while_a_name_below_it_is()
    {
        drive.Store("a.txt", "photos/one.jpg", "photos/2025/two.jpg");
        Result listed = drive.Run("$child.Get('D:', $false)").ThrowIfFailed();
        Assert.Equal(["a.txt", "photos"], listed.Output.Select(item => item.Properties["PSChildName"].Value));
        Assert.Equal([false, true], listed.Output.Select(item => item.Properties["PSIsContainer"].Value));
        Assert.Equal("a.txt", Assert.IsType<DfssFileInfo>(listed.Output[0].BaseObject).Name);
        DfssFolderInfo folder = Assert.IsType<DfssFolderInfo>(listed.Output[1].BaseObject);
        Assert.Equal(("photos", "photos/", 2, 33), (folder.Folder, folder.Name, folder.Files, folder.Length));
        Assert.NotNull(folder.LastWriteTime);

        drive.Run("$item.Remove('D:/photos', $true)").ThrowIfFailed();
        Assert.Equal(["a.txt"], drive.Names());
        Assert.Equal([false], drive.Run("$item.Exists('D:/photos')").As<bool>());
    }

    [Theory]
    [InlineData("$child.Get('D:', $true)", "b/ b/c b/d/ b/d/e")]
    [InlineData("$child.Get([string[]] 'D:', $true, 1, $false, $false)", "b/ b/c b/d/")]
    [InlineData("$child.Get('D:/b', $false)", "b/c b/d/")]
    [InlineData("$child.Get('D:/b/c', $false)", "b/c")]
    [InlineData("$item.Get('D:/b/*')", "b/c b/d/")]
    [InlineData("$item.Get('D:/*/d/*')", "b/d/e")]
    [InlineData("$item.Get('D:\\b\\d\\..\\c')", "b/c")]
    public void What_is_below_a_folder_is_listed(string script, string expected)
    {
        drive.Store("b/c", "b/d/e");
        Assert.Equal(expected, string.Join(' ', drive.Run(script).ThrowIfFailed().Output.Select(item =>
            item.BaseObject is DfssFolderInfo folder ? $"{folder.Folder}/" : ((DfssFileInfo)item.BaseObject).Name)));
    }

    [Fact]
    public void Names_that_differ_by_case_are_different()
    {
        drive.Store("Photos/a", "photos/b");
        Assert.Equal(
            [true, false, true, true, false],
            drive.Run(
                "foreach ($name in 'Photos/a', 'Photos/b', 'photos/b', 'Photos', 'PHOTOS') { "
                    + "$item.Exists(\"D:/$name\") }").As<bool>());
    }

    [Fact]
    public void A_name_that_is_a_file_and_a_folder_is_listed_once()
    {
        drive.Store("a", "a/b");
        Result listed = drive.Run("$child.Get('D:', $false)").ThrowIfFailed();
        Assert.Equal("a", Assert.IsType<DfssFileInfo>(Assert.Single(listed.Output).BaseObject).Name);
        Assert.Equal(true, listed.Output[0].Properties["PSIsContainer"].Value);
        Assert.Equal(["a/b"], drive.Run("$child.Get('D:/a', $false)").As<DfssFileInfo>().Select(file => file.Name));
        drive.Run("$item.Rename('D:/a', 'c')").ThrowIfFailed();
        Assert.Equal(["c", "c/b"], drive.Names());
    }

    [Theory]
    [InlineData("a[1].txt")]
    [InlineData("a*b?")]
    [InlineData("-lead")]
    [InlineData("trail.")]
    [InlineData("back`tick")]
    [InlineData("c:d")]
    [InlineData("d::e")]
    [InlineData("~")]
    [InlineData("quo'te\"$x")]
    [InlineData("..x/x..")]
    [InlineData("u\u0308ber/\u20AC")]
    public void The_path_of_an_item_leads_back_to_it(string name)
    {
        drive.Store(name, "other");
        Assert.Equal([name], drive.Run("""
            foreach ($one in $child.Get('D:', $true)) {
                if (-not $one.PSIsContainer -and $one.Name -ne 'other') { $file = $one }
            }
            $reader = $content.GetReader([string[]] $file.PSPath, $false, $true)
            $reader[0].Read(1)
            $reader[0].Close()
            $item.Remove([string[]] $file.PSPath, $true, $true, $true)
            """).As<string>());
        Assert.Equal(["other"], drive.Names());
    }

    [Fact]
    public void Nothing_above_the_root_of_a_drive_is_reached()
    {
        drive.Store("secret", "photos/a", "photosecret");
        drive.MakeDrive("P", "photos");
        Assert.Equal(["photos/a"], drive.Run("$child.Get('P:', $true)").As<DfssFileInfo>().Select(file => file.Name));
        Assert.Equal([true], drive.Run("$item.Exists('P:/a')").As<bool>());
        foreach (string path in (string[])["P:/../secret", "P:/../photosecret", "P:/../../secret", "P:/x/../../secret"])
        {
            // The engine refuses some of them itself.
            Assert.Equal(
                [false], drive.Run("try { $item.Exists($path) } catch { $false }", ("path", path)).As<bool>());
        }

        Assert.Equal(
            [false],
            drive.Run("$item.Exists((@($item.Get('P:/a'))[0].PSPath -replace 'photos.*', 'secret'))").As<bool>());
    }

    [Fact]
    public void The_path_of_an_item_of_a_removed_drive_never_leads_to_a_later_one()
    {
        drive.Store("a");
        drive.Run(
            "$was = @($item.Get('D:/a'))[0].PSPath; $ExecutionContext.SessionState.Drive.Remove('D', $true, 'Global')")
            .ThrowIfFailed();
        drive.MakeDrive("D");
        Assert.Equal([true, false], drive.Run("$item.Exists('D:/a'); $item.Exists($was)").As<bool>());
    }

    [Fact]
    public void What_another_command_has_changed_is_seen_at_once()
    {
        Assert.Equal(
            [false, true, false],
            drive.Run("""
                $item.Exists('D:/a')
                Set-DfssContent a x -Peer $peer
                $item.Exists('D:/a')
                Remove-DfssFile a -Peer $peer -Force
                $item.Exists('D:/a')
                """).As<bool>());
    }

    [Fact]
    public void The_name_of_a_folder_is_never_that_of_files()
    {
        drive.Store("a[1]/x", "a1", "a[1]z", "b/x");
        Result removed = drive.Run("$child.Get('D:', $false) | Where-Object PSIsContainer | Remove-DfssFile -Force");
        Assert.Equal("InvalidName", Result.IdOf(Assert.Single(removed.Errors)));
        Assert.Equal(["a1", "a[1]/x", "a[1]z", "b/x"], drive.Names());
    }

    [Fact]
    public void The_root_of_a_drive_is_no_path_of_another_drive()
    {
        Exception error = Assert.ThrowsAny<Exception>(() => drive.MakeDrive("E", "D:/album"));
        Assert.Contains("not a path of the drive D:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drive_whose_name_is_taken_leaves_no_client()
    {
        WeakReference refused = Refuse();
        for (int i = 0; i < 10 && refused.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(refused.IsAlive);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference Refuse()
        {
            var client = new DfssClient([new PeerAddress("127.0.0.1", 1)], TransferOptions.Default);
            var messages = new DriveMessages(TimeProvider.System, "D:");
            _ = DfssDriveInfo.Create(
                new PSDriveInfo(
                    "D", drive.Session.Runspace.SessionStateProxy.Provider.GetOne("Dfss"), string.Empty, string.Empty,
                    credential: null),
                new DriveStore(client, messages, ClusterChoice.None));
            return new WeakReference(client);
        }
    }

    [Fact]
    public void Removing_the_module_removes_the_drive()
    {
        drive.Session.Run("Get-Module | & { process { Remove-Module $_ } }").ThrowIfFailed();
        Result gone = drive.Session.Run("$ExecutionContext.SessionState.Drive.GetAll().Name");
        Assert.DoesNotContain("D", gone.ThrowIfFailed().Output.Select(name => name?.ToString()));
    }
}
