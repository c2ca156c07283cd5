namespace Dfss.Testing;

/// <summary>A folder of its own for one test, removed with everything in it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    /// <summary>
    /// The environment variable that names the folder for temporary files on a disk, where $TMPDIR is in memory.
    /// </summary>
    public const string DiskVariable = "DFSS_TEST_DISK";

    public TemporaryFolder()
        : this(Directory.CreateTempSubdirectory("dfss-test-").FullName)
    {
    }

    private TemporaryFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>A folder on a disk: for tests of what syncs do, and for files that are too large for memory.</summary>
    public static TemporaryFolder OnDisk()
    {
        string parent = Environment.GetEnvironmentVariable(DiskVariable) ?? System.IO.Path.GetTempPath();
        return new TemporaryFolder(
            Directory.CreateDirectory(System.IO.Path.Combine(parent, $"dfss-test-{Guid.NewGuid():N}")).FullName);
    }

    /// <summary>A path below the folder.</summary>
    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>A new file of <paramref name="length"/> random bytes, the same for the same seed.</summary>
    public string CreateFile(string name, long length, int seed)
    {
        string path = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        Random random = new(seed);
        byte[] buffer = new byte[1 << 20];
        using FileStream stream = new(path, FileMode.Create);
        for (long left = length; left > 0; left -= buffer.Length)
        {
            random.NextBytes(buffer);
            stream.Write(buffer, 0, (int)Math.Min(left, buffer.Length));
        }

        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
