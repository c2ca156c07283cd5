using System.Collections.Concurrent;

namespace Dfss.Transfer;

/// <summary>
/// The reads of one copy at the peers that have the file. Which failures were theirs shows that all others are of the
/// peers that get it. Safe for concurrent use.
/// </summary>
/// <param name="openAsync">Opens a version as its peers have it.</param>
internal sealed class SourceReads(Func<StoredFile, CancellationToken, Task<StoredContent>> openAsync)
{
    private readonly ConcurrentBag<DfssException> failures = [];

    /// <summary>Whether a read failed with this exception.</summary>
    public bool HasFailedWith(DfssException failure) => failures.Any(one => ReferenceEquals(one, failure));

    /// <summary>Opens a version.</summary>
    /// <exception cref="DfssException">ChunkNotFound, ChunkCorrupt, PeerUnreachable, FileChanged, ...</exception>
    public Task<StoredContent> OpenAsync(StoredFile file, CancellationToken cancellationToken) =>
        NoteAsync(() => openAsync(file, cancellationToken));

    /// <summary>Reads, and notes the failure.</summary>
    public async Task<T> NoteAsync<T>(Func<Task<T>> readAsync)
    {
        try
        {
            return await readAsync().ConfigureAwait(false);
        }
        catch (DfssException failure)
        {
            failures.Add(failure);
            throw;
        }
    }
}
