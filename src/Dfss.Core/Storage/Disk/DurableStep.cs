namespace Dfss.Storage;

/// <summary>The kind of a step of <see cref="DurableFile"/>.</summary>
internal enum DurableAction
{
    /// <summary>Make a folder.</summary>
    CreateDirectory,

    /// <summary>Make an empty file with its space set aside.</summary>
    CreateFile,

    /// <summary>Open a file for reading, or read a part of it.</summary>
    ReadFile,

    /// <summary>Write into a file.</summary>
    WriteFile,

    /// <summary>Cut a file off.</summary>
    Truncate,

    /// <summary>Make the file's content durable.</summary>
    SyncFile,

    /// <summary>Give a part of a file back to the file system.</summary>
    PunchHole,

    /// <summary>Give a file its other name.</summary>
    Rename,

    /// <summary>Make the names in a folder durable.</summary>
    SyncDirectory,

    /// <summary>Remove a file.</summary>
    Delete,
}

/// <summary>One step of <see cref="DurableFile"/>, passed to the seam before it is done.</summary>
/// <param name="Action">The kind.</param>
/// <param name="Path">The file or folder.</param>
/// <param name="Target">For a rename, the new path.</param>
/// <param name="Offset">For a read, and a write into an open file, where it begins.</param>
/// <param name="Length">How many bytes it reads or writes; 0 where the file is opened.</param>
internal readonly record struct DurableStep(
    DurableAction Action, string Path, string? Target = null, long Offset = 0, int Length = 0);
