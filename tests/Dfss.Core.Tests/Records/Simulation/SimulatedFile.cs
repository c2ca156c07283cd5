namespace Dfss.Tests.Records.Simulation;

/// <summary>
/// A file of a schedule: its chunks are numbers, and files share some. The manifest is a chunk too, with a number above
/// all others.
/// </summary>
internal sealed record SimulatedFile(int Number, IReadOnlyList<int> Chunks)
{
    /// <summary>All there are: few, so that two writers often send the same file, or files that share chunks.</summary>
    public static IReadOnlyList<SimulatedFile> All { get; } =
    [
        new(0, []), new(1, [1]), new(2, [1, 2]), new(3, [2, 3]), new(4, [3, 4, 5]),
    ];

    public int Manifest => 1000 + Number;

    public FileId FileId
    {
        get
        {
            byte[] bytes = new byte[FileId.SizeBytes];
            bytes[0] = 1;
            bytes[^1] = (byte)Number;
            return new FileId(bytes);
        }
    }

    public static SimulatedFile Of(FileId id) => All[id.ToByteArray()[^1]];
}
