namespace Dfss.Transfer;

/// <summary>A stored file as a client learnt of it.</summary>
/// <param name="Record">The record of its name.</param>
/// <param name="IsCurrent">Whether a majority of its home stood behind this record when it was read.</param>
public sealed record StoredFile(FileRecord Record, bool IsCurrent);

/// <summary>A run of bytes of a file.</summary>
/// <param name="Offset">Where it begins, in bytes from the start.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record ByteRange(long Offset, long Length);

/// <summary>How a local file compares with a stored one.</summary>
/// <param name="IsEqual">Whether both have the same bytes.</param>
/// <param name="LocalLength">The local file's length in bytes.</param>
/// <param name="StoredLength">The stored file's length in bytes.</param>
/// <param name="Differences">
/// The ranges that differ, ascending, whole chunks merged; where one file is longer, its rest is one of them.
/// </param>
public sealed record FileComparison(
    bool IsEqual, long LocalLength, long StoredLength, IReadOnlyList<ByteRange> Differences);
