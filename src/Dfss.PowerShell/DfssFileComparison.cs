using Dfss.Commands;
using Dfss.Transfer;

namespace Dfss;

/// <summary>What a comparison has found.</summary>
public enum DfssComparisonState
{
    /// <summary>Both have the same bytes.</summary>
    Same,

    /// <summary>Both are there, and have other bytes.</summary>
    Different,

    /// <summary>There is no stored file of the name.</summary>
    OnlyHere,

    /// <summary>There is no local file of the name.</summary>
    OnlyThere,
}

/// <summary>How a local file compares with a stored one.</summary>
public sealed class DfssFileComparison
{
    internal DfssFileComparison(string path, string name, string storedName, FileComparison comparison)
        : this(
            path, name, storedName, comparison.IsEqual ? DfssComparisonState.Same : DfssComparisonState.Different,
            comparison.Differences)
    {
        LocalLength = comparison.LocalLength;
        StoredLength = comparison.StoredLength;
    }

    private DfssFileComparison(
        string? path, string name, string storedName, DfssComparisonState state, IReadOnlyList<ByteRange> differences)
    {
        LocalPath = path;
        Name = name;
        StoredName = storedName;
        State = state;
        Differences = new DisplayList<DfssByteRange>(
            differences.Select(range => new DfssByteRange(range.Offset, range.Length)));
        DifferentBytes = differences.Sum(range => range.Length);
    }

    /// <summary>A local file that is not stored.</summary>
    internal static DfssFileComparison OnlyHere(LocalFile file, string storedName) =>
        new(file.Path, file.Name, storedName, DfssComparisonState.OnlyHere, All(file.Length))
        {
            LocalLength = file.Length,
        };

    /// <summary>A stored file that is not here.</summary>
    internal static DfssFileComparison OnlyThere(StoredFile file) =>
        new(null, file.Name, file.Record.Name, DfssComparisonState.OnlyThere, All(file.Record.ContentLength))
        {
            StoredLength = file.Record.ContentLength,
        };

    /// <summary>Whether both have the same bytes.</summary>
    public bool IsEqual => State == DfssComparisonState.Same;

    /// <summary>Whether both are there, and have the same bytes.</summary>
    public DfssComparisonState State { get; }

    /// <summary>The stored file's name.</summary>
    public string Name { get; }

    /// <summary>
    /// The name that the peers have, or would have: another than <see cref="Name"/> where that one is hidden from them.
    /// </summary>
    public string StoredName { get; }

    /// <summary>The local file's full path; null if there is none.</summary>
    public string? LocalPath { get; }

    /// <summary>
    /// The local file's path with its provider: binds to -LiteralPath of PowerShell's commands and of Send-DfssFile.
    /// </summary>
    public string? PSPath => LocalPath is null ? null : $"Microsoft.PowerShell.Core\\FileSystem::{LocalPath}";

    /// <summary>The local file's length in bytes; null if there is none.</summary>
    public long? LocalLength { get; private init; }

    /// <summary>The stored file's length in bytes; null if there is none.</summary>
    public long? StoredLength { get; private init; }

    /// <summary>How many bytes are in chunks that differ.</summary>
    public long DifferentBytes { get; }

    /// <summary>The ranges that differ, ascending, in whole chunks.</summary>
    public IReadOnlyList<DfssByteRange> Differences { get; }

    private static IReadOnlyList<ByteRange> All(long length) => length == 0 ? [] : [new ByteRange(0, length)];
}

/// <summary>A run of bytes of a file.</summary>
/// <param name="Offset">Where it begins, in bytes from the start.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record DfssByteRange(long Offset, long Length)
{
    /// <summary>The range as its first and last byte's offsets.</summary>
    public override string ToString() => FormattableString.Invariant($"{Offset}-{Offset + Length - 1}");
}
