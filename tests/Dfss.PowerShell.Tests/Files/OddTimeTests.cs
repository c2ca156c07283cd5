using System.Diagnostics;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>One file of many whose time of last write is in no calendar.</summary>
public sealed class OddTimeTests
{
    /// <summary>A file system whose times have 64 bits of seconds; those of ext4 end in 2446.</summary>
    private const string MemoryFileSystem = "/dev/shm";

    [Theory]
    [InlineData("253402300800", "9999")]
    [InlineData("-62167219200", "0001")]
    public void It_ends_no_command_on_the_others(string seconds, string year)
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && Directory.Exists(MemoryFileSystem), "Linux and /dev/shm are needed.");
        string folder = Directory.CreateDirectory(
            Path.Combine(MemoryFileSystem, $"dfss-test-{Guid.NewGuid():N}")).FullName;
        using var session = new Session();
        try
        {
            string[] names = ["a", "b", "c"];
            Array.ForEach(names, name => File.WriteAllText(Path.Combine(folder, name), name));
            using (Process touch = Process.Start("touch", ["-d", $"@{seconds}", Path.Combine(folder, "b")]))
            {
                touch.WaitForExit();
                Assert.Equal(0, touch.ExitCode);
            }

            Result result = session.Run(
                """
                $started = Start-DfssPeer -InMemory -Port 0
                $peer = $started.Endpoint
                $files = "$folder/a", "$folder/b", "$folder/c"
                (Send-DfssFile $files -Peer $peer).Name -join ' '
                (Compare-DfssFile $files -Peer $peer).IsEqual -join ' '
                (Get-DfssFileInfo b -Peer $peer).LastWriteTime.ToUniversalTime().ToString('yyyy')
                (Receive-DfssFile * -Peer $peer -Destination "$folder/out/").Name -join ' '
                """,
                ("folder", folder));

            Assert.Null(result.Ending);
            Assert.Empty(result.Errors);
            Assert.Equal(["a b c", "True True True", year, "a b c"], result.As<string>());
            Assert.Empty(result.Warnings);
        }
        finally
        {
            // The list has the peers of all tests of this process.
            session.Run("$started | Stop-DfssPeer");
            Directory.Delete(folder, recursive: true);
        }
    }
}
