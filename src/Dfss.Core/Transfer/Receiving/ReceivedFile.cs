using System.Runtime.CompilerServices;
using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// A file on its way to its destination: written into a <see cref="PartFile"/> beside it, at full length from the
/// start, and renamed when everything is verified. Disposed before <see cref="Commit"/>, the part file stays, and the
/// next receive resumes from it; without a whole chunk it is removed.
/// </summary>
internal sealed class ReceivedFile : IDisposable
{
    private const int PermissionBits = 0b111_111_111;

    /// <summary>rw-r--r--: for what was sent from a system without such bits.</summary>
    private const int DefaultMode = 0b110_100_100;

    private static readonly DurableFile Files = new(beforeStep: null);

    private readonly string destinationPath;
    private readonly FileRecord record;
    private readonly PartFile part;
    private readonly PartTrailer? trailer;
    private readonly SemaphoreSlim writing = new(1);
    private int presentCount;
    private bool isCommitted;

    private ReceivedFile(string destinationPath, FileRecord record, PartFile part, PartTrailer? trailer)
    {
        this.destinationPath = destinationPath;
        this.record = record;
        this.part = part;
        this.trailer = trailer;
        Claimed = trailer is null || !part.IsOld ? [] : [.. Enumerable.Range(0, ChunkCount).Where(trailer.Claims)];
        presentCount = Claimed.Count;
    }

    /// <summary>
    /// The chunks that an earlier receive has recorded as written. After a power cut the record may be wrong: the
    /// caller verifies them, and calls <see cref="DisclaimAsync"/> for corrupt ones.
    /// </summary>
    public IReadOnlyList<int> Claimed { get; }

    /// <summary>The part file, if it stays when this is disposed.</summary>
    private string? KeptPart => trailer is null || presentCount == 0 ? null : part.Path;

    private int ChunkCount => (int)FileManifest.CountChunks(record.Length, record.ChunkSize);

    /// <summary>Makes the part file of a destination, or resumes with the one that is there.</summary>
    /// <exception cref="DfssException">DestinationExists, DestinationUnwritable.</exception>
    public static ReceivedFile Open(string destinationPath, FileRecord record, ReceiveOptions options)
    {
        destinationPath = DestinationPath.Resolve(destinationPath);
        DestinationPath.ThrowIfTaken(destinationPath, options.Force);
        record = record.ToContent();
        PartFile? part = null;
        try
        {
            part = PartFile.Open(PartFile.PathOf(destinationPath), record, options.IsSparse);
            PartTrailer? trailer = part.IsOld && !options.Restart ? ReadTrailer(part, record) : null;
            if (part.IsOld && trailer is null)
            {
                // The part of another file or version, or one that cannot be resumed.
                part = part.Replace();
            }
            else if (part.IsOld)
            {
                // Only now: another file of this name keeps its mode.
                OwnerOnly.Restrict(part.Handle);
                if (!options.IsSparse)
                {
                    part.TakeRoom();
                }
            }

            if (PartFile.HasTrailer(record))
            {
                trailer ??= PartTrailer.Create(record);
                trailer.TakeOver();
                RandomAccess.Write(part.Handle, trailer.Bytes.Span, record.Length);
            }

            return new ReceivedFile(destinationPath, record, part, trailer);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            part?.Dispose();
            throw DestinationPath.Unwritable(destinationPath, error);
        }
    }

    /// <summary>Removes what an earlier receive has kept of this file, if it is not in use.</summary>
    public static void Forget(string destinationPath, FileRecord record)
    {
        record = record.ToContent();
        try
        {
            using PartFile? part = PartFile.TryOpenUnused(
                PartFile.PathOf(DestinationPath.Resolve(destinationPath)), record);
            if (part is not null && ReadTrailer(part, record) is not null)
            {
                part.Remove();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DestinationPath.Unwritable(destinationPath, error);
        }
    }

    /// <summary>The nonce of a claimed chunk; empty if the file is not encrypted.</summary>
    public ReadOnlyMemory<byte> NonceOf(int chunkIndex) => trailer!.NonceOf(chunkIndex);

    /// <summary>Reads a chunk that is claimed.</summary>
    /// <returns>Whether all of it could be read.</returns>
    public async ValueTask<bool> TryReadAsync(
        long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        int done = 0;
        try
        {
            while (done < destination.Length)
            {
                int read = await RandomAccess.ReadAsync(
                    part.Handle, destination[done..], offset + done, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    return false;
                }

                done += read;
            }

            return true;
        }
        catch (IOException)
        {
            // Such as a bad sector: the chunk is fetched, and writing it shows whether the disk works.
            return false;
        }
    }

    /// <summary>Removes the claim of a corrupt chunk.</summary>
    public ValueTask DisclaimAsync(int chunkIndex, CancellationToken cancellationToken) =>
        WriteAsync(chunkIndex, offset: 0, default, isThere: false, nonce: default, cancellationToken);

    /// <summary>
    /// Writes a verified chunk at its place, and then its claim. One write at a time: parallel ones only spin at the
    /// file's lock in the kernel.
    /// </summary>
    /// <param name="chunkIndex">Which.</param>
    /// <param name="offset">Its place.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="nonce">Its nonce; empty if the file is not encrypted.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public ValueTask WriteAsync(
        int chunkIndex, long offset, ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> nonce,
        CancellationToken cancellationToken) =>
        WriteAsync(chunkIndex, offset, content, isThere: true, nonce, cancellationToken);

    /// <summary>Gives the file its length, times, mode and name.</summary>
    /// <param name="options">Whether it replaces a file, and whether it is made durable.</param>
    /// <returns>Whether the file system has the time of last write, to the precision of its times.</returns>
    public bool Commit(ReceiveOptions options)
    {
        DestinationPath.ThrowIfTaken(destinationPath, options.Force);
        part.ThrowIfReplaced();
        try
        {
            if (trailer is not null || part.IsOld)
            {
                RandomAccess.SetLength(part.Handle, record.Length);
            }

            if (!OperatingSystem.IsWindows())
            {
                // Set-user-id and similar bits are not taken from a peer.
                File.SetUnixFileMode(part.Handle, (UnixFileMode)((record.UnixMode ?? DefaultMode) & PermissionBits));
            }

            bool hasTime = LastWriteTime.TrySet(part.Handle, record.Modified);
            if (options.Durable)
            {
                Files.Sync(part.Handle, part.Path);
            }

            if (OperatingSystem.IsWindows())
            {
                part.Dispose();
            }

            // Elsewhere still under its lock, so that no other receive resumes from it.
            Files.Rename(part.Path, destinationPath, options.Force);
            isCommitted = true;
            if (options.Durable)
            {
                Files.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(destinationPath))!);
            }

            return hasTime;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Reopen();
            throw DestinationPath.Unwritable(destinationPath, error, KeptPart);
        }
    }

    public void Dispose()
    {
        writing.Dispose();
        if (!isCommitted && KeptPart is null)
        {
            part.Remove();
        }

        part.Dispose();
    }

    private static PartTrailer? ReadTrailer(PartFile part, FileRecord record) =>
        PartFile.HasTrailer(record) ? PartTrailer.Read(part.Handle, record) : null;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(
        int chunkIndex,
        long offset,
        ReadOnlyMemory<byte> content,
        bool isThere,
        ReadOnlyMemory<byte> nonce,
        CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            part.Write(content.Span, offset);
            presentCount += isThere ? 1 : -1;
            if (trailer?.Set(chunkIndex, isThere, nonce.Span) is (int at, ReadOnlyMemory<byte> noted))
            {
                RandomAccess.Write(part.Handle, noted.Span, record.Length + at);
            }
        }
        catch (IOException error)
        {
            throw DestinationPath.Unwritable(destinationPath, error, KeptPart);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>The file could not get its name: its part is kept, readable by its owner only.</summary>
    private void Reopen()
    {
        if (trailer is not null && !part.Handle.IsClosed && !isCommitted)
        {
            RandomAccess.Write(part.Handle, trailer.Bytes.Span, record.Length);
            OwnerOnly.Restrict(part.Handle);
        }
    }
}
