using System.Management.Automation;
using System.Net.Sockets;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.BadInput;

/// <summary>Places that a file cannot be received at: what is there stays, and nothing half-written is left.</summary>
public sealed class BadDestinationTests : BadInputTests
{
    private readonly List<SmallDisk> disks = [];

    public BadDestinationTests()
    {
        Send("a.txt");
        Run("Send-DfssFile in/good.txt -Peer $peer").ThrowIfFailed();
    }

    private protected override void CleanUp() => disks.ForEach(disk => disk.Dispose());

    [Fact]
    public void A_received_file_that_is_removed_before_its_result_is_written_does_not_stop_the_others()
    {
        Array.ForEach(["a", "b", "c"], name => Send(name));
        Set("second", Out("b"));
        ErrorRecord error = Fails(
            """
            Receive-DfssFile a, b, c -Peer $peer -Destination out | ForEach-Object {
                if ($_.Name -eq 'a' -and [Threading.SpinWait]::SpinUntil({ [IO.File]::Exists($second) }, 60000)) {
                    [IO.File]::Delete($second)
                }
                $_
            }
            """,
            results: 2);
        Check(error, "PathNotFound", ErrorCategory.ObjectNotFound, Out("b"), $"'{Out("b")}' was received", "removed");
        IsAtDestination("a", "c");
    }

    [Fact]
    public void A_file_that_exists_is_kept_and_does_not_stop_the_others()
    {
        File.WriteAllText(Out("a.txt"), "mine");
        ErrorRecord error = Fails("Receive-DfssFile a.txt, good.txt -Peer $peer -Destination out", results: 1);
        Check(error, "DestinationExists", ErrorCategory.ResourceExists, "a.txt", $"'{Out("a.txt")}' exists.");
        IsAtDestination("a.txt", "good.txt");
        Assert.Equal("mine", File.ReadAllText(Out("a.txt")));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" -Force")]
    public void A_folder_in_its_place_is_kept(string force)
    {
        Directory.CreateDirectory(Out("a.txt"));
        ErrorRecord error = Fails($"Receive-DfssFile a.txt, good.txt -Peer $peer -Destination out{force}", results: 1);
        Check(error, "DestinationExists", ErrorCategory.ResourceExists, "a.txt", $"'{Out("a.txt")}' is a folder.");
        IsAtDestination("a.txt", "good.txt");
    }

    [Fact]
    public void A_missing_folder_is_not_made_for_a_path_that_is_the_files_own()
    {
        ErrorRecord error = Fails("Receive-DfssFile a.txt -Peer $peer -Destination out/none/x.txt");
        Check(
            error, "DestinationUnwritable", ErrorCategory.WriteError, "a.txt", $"'{Out("none/x.txt")}'",
            "folder does not exist");
        IsAtDestination();
    }

    [Fact]
    public void A_file_in_the_folders_place_is_kept()
    {
        File.WriteAllText(Out("file"), "mine");
        ErrorRecord error = Fails("Receive-DfssFile a.txt -Peer $peer -Destination out/file/x.txt");
        Check(error, "DestinationUnwritable", ErrorCategory.WriteError, "a.txt", $"'{Out("file/x.txt")}'");
        // As a folder's path: there is a file of that name.
        error = Fails("Receive-DfssFile a.txt -Peer $peer -Destination out/file/");
        Check(error, "DestinationUnwritable", ErrorCategory.WriteError, "a.txt", $"'{Out("file/a.txt")}'");
        IsAtDestination("file");
        Assert.Equal("mine", File.ReadAllText(Out("file")));
    }

    [Fact]
    public void A_folder_that_may_not_be_written_is_reported()
    {
        Assert.SkipWhen(PermissionBits.Obstacle is not null, PermissionBits.Obstacle ?? string.Empty);
        File.SetUnixFileMode(Out(string.Empty), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Check(
            Fails("Receive-DfssFile a.txt -Peer $peer -Destination out"), "DestinationUnwritable",
            ErrorCategory.WriteError,
            "a.txt", $"'{Out("a.txt")}'");
    }

    [Fact]
    public void A_read_only_disk_is_reported()
    {
        string path = Mount("ro").MountPoint;
        Check(
            Fails("Receive-DfssFile a.txt -Peer $peer -Destination disk"), "DestinationUnwritable",
            ErrorCategory.WriteError,
            "a.txt", $"'{Path.Combine(path, "a.txt")}'", "Read-only file system");
    }

    [Fact]
    public void A_disk_without_room_is_reported_and_what_fits_is_received()
    {
        Send("large.bin", 2 << 20);
        string path = Mount("size=1m").MountPoint;
        ErrorRecord error = Fails("Receive-DfssFile large.bin -Peer $peer -Destination disk");
        Check(
            error, "DestinationUnwritable", ErrorCategory.WriteError, "large.bin",
            $"'{Path.Combine(path, "large.bin")}'");
        // Not in one command: while the system allocates the large file, until that fails, there is no room for the
        // other.
        Run("Receive-DfssFile a.txt -Peer $peer -Destination disk").ThrowIfFailed();
        Assert.Equal([Path.Combine(path, "a.txt")], Directory.GetFileSystemEntries(path));
    }

    [Fact]
    public void A_part_file_that_stays_on_a_full_disk_is_named_and_may_be_deleted()
    {
        Send("large.bin", 4 << 20);
        string path = Mount("size=3m").MountPoint;
        string part = Path.Combine(path, "large.bin.dfss-part");

        ErrorRecord error = Fails("Receive-DfssFile large.bin -Peer $peer -Destination disk");

        Check(
            error, "DestinationUnwritable", ErrorCategory.WriteError, "large.bin",
            $"'{Path.Combine(path, "large.bin")}'");
        Assert.Contains($"delete '{part}'", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.True(File.Exists(part));
    }

    [Fact]
    public void A_disk_without_inodes_is_reported_with_the_figures()
    {
        string path = Mount("size=1m,nr_inodes=4").MountPoint;
        for (int i = 0; i < 3; i++)
        {
            File.WriteAllText(Path.Combine(path, $"{i}"), string.Empty);
        }

        ErrorRecord error = Fails("Receive-DfssFile a.txt -Peer $peer -Destination disk");
        Check(
            error, "DestinationUnwritable", ErrorCategory.WriteError, "a.txt", $"'{Path.Combine(path, "a.txt")}'",
            "no inodes left: its file system holds at most 4 files and folders");
        File.Delete(Path.Combine(path, "0"));
        Assert.Single(Run("Receive-DfssFile a.txt -Peer $peer -Destination disk").As<FileInfo>());
    }

    [Fact]
    public void A_link_to_itself_is_reported_and_without_it_the_file_is_received()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        File.CreateSymbolicLink(Out("loop"), Out("loop"));
        ErrorRecord error = Fails("Receive-DfssFile a.txt -Peer $peer -Destination out/loop -Force");
        Check(
            error, "DestinationUnwritable", ErrorCategory.WriteError, "a.txt",
            $"'{Out("loop")}': it is a link that cannot be followed to its end");
        File.Delete(Out("loop"));
        Assert.Single(Run("Receive-DfssFile a.txt -Peer $peer -Destination out/loop").As<FileInfo>());
    }

    [Fact]
    public void A_backslash_at_the_end_means_a_folder_everywhere()
    {
        FileInfo received = Assert.Single(
            Run("Receive-DfssFile a.txt -Peer $peer -Destination .\\out\\new\\").As<FileInfo>());
        Assert.Equal(Out("new/a.txt"), received.FullName);
    }

    [Fact]
    public void A_fifo_is_neither_waited_for_nor_replaced()
    {
        Assert.SkipWhen(SystemTool.Find("mkfifo") is null, "mkfifo is not here.");
        SystemTool.Run("mkfifo", [Out("a.txt")]);
        IsNotReplaced();
    }

    [Fact]
    public void A_socket_is_not_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sockets are no files there.");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Out("a.txt")));
        IsNotReplaced();
    }

    [Fact]
    public void A_device_is_not_written()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Devices are no files there.");
        Check(
            Fails("Receive-DfssFile a.txt -Peer $peer -Destination /dev/null -Force"), "DestinationUnwritable",
            ErrorCategory.WriteError, "a.txt", "'/dev/null' is a FIFO, socket or device");
    }

    [Theory]
    [InlineData("a.txt", "a.txt", "")]
    [InlineData("a.txt", "a.txt", " -Force")]
    [InlineData("sub", "sub/b.txt", " -Force")]
    public void Links_below_the_destination_lead_nothing_out_of_it(string link, string name, string force)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        string elsewhere = Path.Combine(Folder, "elsewhere");
        Directory.CreateDirectory(elsewhere);
        File.CreateSymbolicLink(Out(link), link == name ? Path.Combine(elsewhere, "x") : elsewhere);
        Run("Send-DfssFile in/a.txt -Name sub/b.txt -Peer $peer").ThrowIfFailed();
        ErrorRecord error = Fails($"Receive-DfssFile {name}, good.txt -Peer $peer -Destination out{force}", results: 1);
        Check(error, "InvalidName", ErrorCategory.InvalidArgument, name, $"'{name}'", $"'{Out(link)}' is a link");
        IsAtDestination(link, "good.txt");
        Assert.Empty(Directory.GetFileSystemEntries(elsewhere));
    }

    private void IsNotReplaced()
    {
        ErrorRecord error = Fails("Receive-DfssFile a.txt, good.txt -Peer $peer -Destination out -Force", results: 1);
        Check(
            error, "DestinationUnwritable", ErrorCategory.WriteError, "a.txt",
            $"'{Out("a.txt")}' is a FIFO, socket or device");
        IsAtDestination("a.txt", "good.txt");
        Assert.False(File.GetAttributes(Out("a.txt")).HasFlag(FileAttributes.Directory));
        Assert.Equal(0, new FileInfo(Out("a.txt")).Length);
    }

    private SmallDisk Mount(string options)
    {
        Assert.SkipWhen(SmallDisk.Obstacle is not null, SmallDisk.Obstacle ?? string.Empty);
        disks.Add(new SmallDisk(Path.Combine(Folder, "disk"), options));
        return disks[^1];
    }
}
