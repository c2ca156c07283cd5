using System.Runtime.CompilerServices;

namespace Dfss.Testing;

/// <summary>
/// Puts the temporary files of a test process, and of those it starts, into memory (/dev/shm), where a sync costs
/// nothing. Only where there is room, and where the user has not chosen a folder ($TMPDIR). The folder is removed when
/// the process ends. Linked into each test project; not part of Dfss.Testing, as the benchmarks measure a real disk.
/// Tests of durability take TemporaryFolder.OnDisk.
/// </summary>
internal static class OwnTemporaryFolder
{
    private const string Variable = "TMPDIR";

    /// <summary>Tells TemporaryFolder.OnDisk where the disk is.</summary>
    private const string DiskVariable = "DFSS_TEST_DISK";
    private const string Memory = "/dev/shm";

    /// <summary>
    /// Several times what the tests have there at once. A container's default of 64 MiB is too little.
    /// </summary>
    private const long EnoughBytes = 2L << 30;

    [ModuleInitializer]
    internal static void Set()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } || !Directory.Exists(Memory)
            || new DriveInfo(Memory).AvailableFreeSpace < EnoughBytes)
        {
            return;
        }

        string path = Path.Combine(Memory, $"dfss-test-{Environment.ProcessId}");
        Directory.CreateDirectory(path);
        Environment.SetEnvironmentVariable(DiskVariable, Path.GetTempPath());
        Environment.SetEnvironmentVariable(Variable, path);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(path, recursive: true);
    }
}
