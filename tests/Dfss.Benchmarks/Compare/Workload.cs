using System.Globalization;
using System.Security.Cryptography;

namespace Dfss.Benchmarks;

/// <summary>A folder of files to be copied: random bytes, the same ones each time.</summary>
internal sealed class Workload
{
    private const int Mebibyte = 1 << 20;
    private const int SmallBytes = 4 << 10;

    /// <summary>A sparse file has one mebibyte of data in each of these.</summary>
    private const int SparseStep = 64;

    private Workload(string name, string title, string folder)
    {
        Name = name;
        Title = title;
        Folder = folder;
        Directory.CreateDirectory(folder);
    }

    /// <summary>The word by which the benchmark's arguments name it.</summary>
    public string Name { get; }

    public string Title { get; }

    public string Folder { get; }

    public int Files { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>What one copy of it takes in the page cache, with 16 KiB for what describes a file.</summary>
    public long CachedBytes => Bytes + ((long)Files << 14);

    /// <summary>Whether its speed is told in files, rather than in bytes, a second.</summary>
    public bool IsOfFiles => Name == "small";

    /// <summary>One file of random bytes.</summary>
    public static Workload CreateLarge(string folder, int mebibytes, int seed = 1)
    {
        Workload workload = new("large", Text($"one file of {mebibytes:N0} MiB"), folder);
        workload.Write("00000.bin", (long)mebibytes * Mebibyte, new Random(seed));
        return workload;
    }

    /// <summary>Many files of 4 KiB in one folder.</summary>
    public static Workload CreateSmall(string folder, int files, int seed = 1)
    {
        Workload workload = new("small", Text($"{files:N0} files of {SmallBytes >> 10} KiB"), folder);
        Random random = new(seed);
        for (int i = 0; i < files; i++)
        {
            workload.Write(Text($"{i:D5}.bin"), SmallBytes, random);
        }

        return workload;
    }

    /// <summary>
    /// A tree as people have them: of 100 files 90 of up to 100 KiB, 9 of up to 4 MiB, one of up to 64 MiB, in 112
    /// folders.
    /// </summary>
    public static Workload CreateMixed(string folder, int files, int seed = 1)
    {
        Workload workload = new("mixed", Text($"a tree of {files:N0} files of 1 KiB to 64 MiB"), folder);
        Random random = new(seed);
        for (int i = 0; i < files; i++)
        {
            (int least, int most) = (i % 100) switch
            {
                < 90 => (1 << 10, 100 << 10),
                < 99 => (100 << 10, 4 * Mebibyte),
                _ => (4 * Mebibyte, 64 * Mebibyte),
            };
            // As many between 1 and 2 KiB as between 50 and 100 KiB.
            long length = (long)(least * Math.Pow((double)most / least, random.NextDouble()));
            workload.Write(Text($"d{i % 16:D2}/e{i % 7}/{i:D5}.bin"), length, random);
        }

        return workload;
    }

    /// <summary>One file that is mostly a hole: 1 MiB of random bytes in each 64 MiB.</summary>
    public static Workload CreateSparse(string folder, int mebibytes, int seed = 1)
    {
        Workload workload = new("sparse", Text($"one sparse file of {mebibytes:N0} MiB"), folder);
        Random random = new(seed);
        byte[] block = new byte[Mebibyte];
        using FileStream stream = new(Path.Combine(folder, "00000.bin"), FileMode.CreateNew);
        stream.SetLength((long)mebibytes * Mebibyte);
        for (long i = 0; i < mebibytes; i += SparseStep)
        {
            random.NextBytes(block);
            stream.Position = i * Mebibyte;
            stream.Write(block);
        }

        workload.Files = 1;
        workload.Bytes = stream.Length;
        return workload;
    }

    /// <summary>The files, relative to <see cref="Folder"/>, in an order that is always the same.</summary>
    public string[] GetNames() => Names(Folder);

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

    private static string[] Names(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path))
            .Order(StringComparer.Ordinal),
    ];

    private static byte[] Digest(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return SHA256.HashData(stream);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Write(string name, long length, Random random)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] block = new byte[Math.Min(length, Mebibyte)];
        using FileStream stream = new(path, FileMode.CreateNew);
        for (long left = length; left > 0; left -= block.Length)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(left, block.Length));
            random.NextBytes(part);
            stream.Write(part);
        }

        Files++;
        Bytes += length;
    }
}
