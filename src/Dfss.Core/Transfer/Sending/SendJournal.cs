using Dfss.Encryption;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// The journal of one send, open and locked: the chunk ids of its source as they are computed, so that the same send,
/// started again, need not read an unchanged source for them. A journal that cannot be written is no error: the send
/// continues without it. Safe for concurrent use.
/// </summary>
internal sealed class SendJournal : IDisposable
{
    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly SendJournalFormat format;
    private readonly Action<string>? say;
    private readonly Lock gate = new();
    private long end;
    private bool isBroken;
    private bool isDisposed;

    private SendJournal(
        string path, SafeFileHandle handle, SendJournalFormat format, ChunkId?[] known, long end, Action<string>? say)
    {
        this.path = path;
        this.handle = handle;
        this.format = format;
        this.end = end;
        this.say = say;
        KnownIds = known;
    }

    /// <summary>The ids that are known from earlier sends, by index.</summary>
    public IReadOnlyList<ChunkId?> KnownIds { get; }

    /// <summary>The key of an encrypted send, from an earlier send or new; else null.</summary>
    public FileKey? Key => format.Encryption?.Key;

    /// <summary>Opens the journal at this path, or creates it.</summary>
    /// <param name="path">Its path; the folder exists.</param>
    /// <param name="source">The source, just opened.</param>
    /// <param name="chunkSize">The chunk size in bytes.</param>
    /// <param name="begun">Now, in ns since 1970 UTC.</param>
    /// <param name="say">Receives the reason why it is not written, or not any more.</param>
    /// <param name="encryption">
    /// The recipients of an encrypted send, and the key to use if there is none from before.
    /// </param>
    /// <param name="isRestart">Whether what is known from earlier sends is forgotten.</param>
    /// <returns>Null where another send has it open, or where the source was written so short a time ago that a journal
    /// of it could not be trusted later.</returns>
    /// <exception cref="IOException">The file cannot be opened, read or written.</exception>
    public static SendJournal? TryOpen(
        string path, SourceFile source, int chunkSize, long begun, Action<string>? say, SendKey? encryption = null,
        bool isRestart = false)
    {
        if (source.Status is not FileStatus status)
        {
            return null;
        }

        if (WriterLock.TryTake(path) is not SafeFileHandle handle)
        {
            say?.Invoke($"'{source.Path}' is sent without a journal: another send of it has the journal.");
            return null;
        }

        try
        {
            byte[] file = new byte[RandomAccess.GetLength(handle)];
            int length = RandomAccess.Read(handle, file, fileOffset: 0);
            ChunkId?[] known = new ChunkId?[FileManifest.CountChunks(source.Length, chunkSize)];
            SendJournalFormat? earlier = isRestart ? null : SendJournalFormat.TryRead(
                file.AsSpan(0, length), source.FullPath, status, chunkSize, encryption);
            SendJournalFormat format = earlier ?? new(source.FullPath, status, chunkSize, begun, encryption);
            int end = earlier?.ReadRecords(file.AsSpan(0, length), known) ?? 0;
            RandomAccess.SetLength(handle, end);
            if (earlier is null)
            {
                RandomAccess.Write(handle, format.Header, fileOffset: 0);
                end = format.Header.Length;
            }

            SendJournal journal = new(path, handle, format, known, end, say);
            if (format.IsTrustworthy)
            {
                return journal;
            }

            say?.Invoke($"'{source.Path}' was written less than 2 s ago: its send keeps no journal.");
            journal.Forget();
            return null;
        }
        catch
        {
            DurableFile.Unlock(handle);
            throw;
        }
    }

    /// <summary>Adds a chunk's id.</summary>
    public void Append(int index, ChunkId id)
    {
        Span<byte> record = stackalloc byte[SendJournalFormat.RecordBytes];
        format.WriteRecord(index, id, record);
        lock (gate)
        {
            if (isBroken || isDisposed)
            {
                return;
            }

            try
            {
                RandomAccess.Write(handle, record, end);
                end += record.Length;
            }
            catch (IOException error)
            {
                // What is there stays good; reading detects a truncated record.
                isBroken = true;
                say?.Invoke($"The journal '{path}' is not written any more: {error.Message}");
            }
        }
    }

    /// <summary>Deletes it: the send has succeeded, or the source has changed.</summary>
    public void Forget()
    {
        lock (gate)
        {
            if (isDisposed)
            {
                return;
            }

            try
            {
                // Truncated first, so that one that cannot be deleted holds nothing. Deleted while it is locked: no
                // other send loses its journal.
                RandomAccess.SetLength(handle, 0);
                File.Delete(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                say?.Invoke($"The journal '{path}' is not deleted: {error.Message}");
            }
        }

        Dispose();
    }

    /// <summary>Closes and unlocks it; it stays.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (!isDisposed)
            {
                isDisposed = true;
                DurableFile.Unlock(handle);
            }
        }
    }
}
