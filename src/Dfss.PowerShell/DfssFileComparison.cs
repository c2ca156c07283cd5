using Dfss.Transfer;

namespace Dfss;

/// <summary>How a local file compares with a stored one.</summary>
public sealed class DfssFileComparison
{
    internal DfssFileComparison(string path, string name, FileComparison comparison)
    {
        LocalPath = path;
        Name = name;
        IsEqual = comparison.IsEqual;
        LocalLength = comparison.LocalLength;
        StoredLength = comparison.StoredLength;
        Differences = new DisplayList<DfssByteRange>(
            comparison.Differences.Select(range => new DfssByteRange(range.Offset, range.Length)));
        DifferentBytes = comparison.Differences.Sum(range => range.Length);
    }

    /// <summary>Whether both have the same bytes.</summary>
    public bool IsEqual { get; }

    /// <summary>The stored file's name.</summary>
    public string Name { get; }

    /// <summary>The local file's full path.</summary>
    public string LocalPath { get; }

    /// <summary>
    /// The local file's path with its provider: binds to -LiteralPath of PowerShell's commands and of Send-DfssFile.
    /// </summary>
    public string PSPath => $"Microsoft.PowerShell.Core\\FileSystem::{LocalPath}";

    /// <summary>The local file's length in bytes.</summary>
    public long LocalLength { get; }

    /// <summary>The stored file's length in bytes.</summary>
    public long StoredLength { get; }

    /// <summary>How many bytes are in chunks that differ.</summary>
    public long DifferentBytes { get; }

    /// <summary>The ranges that differ, ascending, in whole chunks.</summary>
    public IReadOnlyList<DfssByteRange> Differences { get; }
}

/// <summary>A run of bytes of a file.</summary>
/// <param name="Offset">Where it begins, in bytes from the start.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record DfssByteRange(long Offset, long Length)
{
    /// <summary>The range as its first and last byte's offsets.</summary>
    public override string ToString() => FormattableString.Invariant($"{Offset}-{Offset + Length - 1}");
}
