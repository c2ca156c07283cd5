using Microsoft.Win32.SafeHandles;

namespace Dfss.Storage;

/// <summary>A chunk that was put and is not yet durable: an open file in incoming/.</summary>
/// <param name="id">Its id.</param>
/// <param name="length">Its length in bytes.</param>
/// <param name="path">Its file.</param>
/// <param name="file">The file, open since it was made, so that the sync is told of every failed write-back.</param>
internal sealed class IncomingChunk(ChunkId id, int length, string path, SafeFileHandle file)
{
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Its id.</summary>
    public ChunkId Id { get; } = id;

    /// <summary>Its length in bytes.</summary>
    public int Length { get; } = length;

    /// <summary>Its file.</summary>
    public string Path { get; } = path;

    /// <summary>The open file.</summary>
    public SafeFileHandle File { get; } = file;

    /// <summary>Whether it was deleted while it waited. Under the lock of its chunk folder.</summary>
    public bool IsUnwanted { get; set; }

    /// <summary>
    /// Whether it is counted in its chunk folder now, and so no more here. Under the lock of the counts.
    /// </summary>
    public bool IsPlaced { get; set; }

    /// <summary>Why it is missing again, once settled; null where it is in chunks/.</summary>
    public DfssException? Error { get; set; }

    /// <summary>Ends when it is in chunks/ or has failed. Never fails itself.</summary>
    public Task Settled => settled.Task;

    /// <summary>Ends <see cref="Settled"/>.</summary>
    public void Settle() => settled.SetResult();
}
