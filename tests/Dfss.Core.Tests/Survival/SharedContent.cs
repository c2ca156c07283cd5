using System.Collections.Concurrent;
using Dfss.Tests.Faults;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Files that are made of the same few blocks: each chunk is in some of them, comes and goes with them, and is in none
/// now and then. Safe for concurrent use.
/// </summary>
internal sealed class SharedContent
{
    /// <summary>Twice what a row takes: whole blocks are files, the ends are rows.</summary>
    public const int ChunkSize = 128 << 10;

    /// <summary>As many as there are chunks in what some seven names and their versions consist of.</summary>
    private const int Blocks = 40;
    private const int Ends = 12;
    private const int MaxBlocksOfFile = 5;

    private readonly TemporaryFolder folder;
    private readonly byte[][] blocks;
    private readonly byte[][] ends;
    private readonly ConcurrentDictionary<FileId, SentFile> made = new();

    public SharedContent(TemporaryFolder folder, Random random)
    {
        this.folder = folder;
        blocks = [.. Enumerable.Range(0, Blocks).Select(_ => MakeBytes(random, ChunkSize))];
        ends = [.. Enumerable.Range(0, Ends).Select(_ => MakeBytes(random, random.Next(1, ChunkSize / 3)))];
    }

    /// <summary>What a file id that was met stands for.</summary>
    public SentFile this[FileId id] => made[id];

    /// <summary>One more; now and then one that there was, whole.</summary>
    public SentFile Make(Random random)
    {
        if (random.Next(6) == 0 && made.Values.OrderBy(file => file.ManifestId).ToArray() is { Length: > 0 } former)
        {
            return former[random.Next(former.Length)];
        }

        IEnumerable<byte[]> parts = Enumerable.Range(0, random.Next(MaxBlocksOfFile + 1))
            .Select(_ => blocks[random.Next(Blocks)]);
        byte[] content = [.. parts.Append(ends[random.Next(Ends)]).SelectMany(part => part)];
        string name = $"source{random.NextInt64():x}";
        File.WriteAllBytes(folder[name], content);
        SentFile file = new(name, folder[name], ChunkSize);
        return made.GetOrAdd(new FileId(file.ManifestId), file);
    }

    /// <summary>A chunk, and the files it is of.</summary>
    public string Describe(ChunkId chunk)
    {
        IEnumerable<string> files = made.Values.Where(file => file.AllIds.Contains(chunk))
            .Select(file => file.ManifestId.ToString()[..8]);
        return $"{chunk} (of {string.Join(", ", files)})";
    }

    private static byte[] MakeBytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
