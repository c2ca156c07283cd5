using System.Globalization;
using System.Security.Cryptography;

namespace Dfss.Benchmarks;

/// <summary>A folder of files to be copied: random bytes, the same ones each time.</summary>
internal sealed class Workload
{
    private Workload(string folder, int files, int bytesPerFile)
    {
        Folder = folder;
        Files = files;
        Bytes = (long)files * bytesPerFile;
    }

    public string Folder { get; }

    public int Files { get; }

    public long Bytes { get; }

    public string Title => Files == 1
        ? string.Create(CultureInfo.InvariantCulture, $"one file of {Bytes >> 20:N0} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{Files:N0} files of {Bytes / Files >> 10} KiB");

    public static Workload CreateLarge(string folder, int mebibytes, int seed = 1) =>
        Create(folder, files: 1, mebibytes, 1 << 20, seed);

    public static Workload CreateSmall(string folder, int files, int seed = 1) =>
        Create(folder, files, blocksPerFile: 1, 4 << 10, seed);

    /// <summary>Throws unless another folder has these files, and no others, with the same bytes.</summary>
    public void RequireEqual(string otherFolder)
    {
        string[] names = Names(Folder);
        if (!names.SequenceEqual(Names(otherFolder)))
        {
            throw new InvalidOperationException($"{otherFolder} has not the files that were sent.");
        }

        foreach (string name in names)
        {
            if (!Digest(Path.Combine(Folder, name)).AsSpan().SequenceEqual(Digest(Path.Combine(otherFolder, name))))
            {
                throw new InvalidOperationException($"{name} in {otherFolder} is not what was sent.");
            }
        }
    }

    private static Workload Create(string folder, int files, int blocksPerFile, int blockBytes, int seed)
    {
        Directory.CreateDirectory(folder);
        byte[] block = new byte[blockBytes];
        Random random = new(seed);
        for (int i = 0; i < files; i++)
        {
            string name = i.ToString("D5", CultureInfo.InvariantCulture) + ".bin";
            using FileStream stream = new(Path.Combine(folder, name), FileMode.CreateNew);
            for (int j = 0; j < blocksPerFile; j++)
            {
                random.NextBytes(block);
                stream.Write(block);
            }
        }

        return new Workload(folder, files, checked(blocksPerFile * blockBytes));
    }

    private static string[] Names(string folder) =>
        [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static byte[] Digest(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return SHA256.HashData(stream);
    }
}
