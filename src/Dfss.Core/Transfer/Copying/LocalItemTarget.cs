using System.Buffers.Binary;
using System.Security.Cryptography;
using Dfss.Hashing;

namespace Dfss.Transfer;

/// <summary>The disks of this machine, to be copied to.</summary>
internal sealed class LocalItemTarget(ChunkBuffers buffers) : IItemTarget
{
    private static readonly ReceiveOptions Replacing = new() { Force = true };

    public ValueTask<ItemCopyPlace> LookAsync(string path, CancellationToken cancellationToken)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return new(new ItemCopyPlace(
            full, Directory.Exists(full), File.Exists(full), Path.GetDirectoryName(full) ?? full,
            Path.GetFileName(full), IgnoresCase: OperatingSystem.IsWindows() || OperatingSystem.IsMacOS()));
    }

    public ValueTask MakeFolderAsync(ItemPath path, int? unixMode, CancellationToken cancellationToken)
    {
        MakeFolder(Combine(path), unixMode);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<ItemPut> PutAsync(
        ItemPath path, ItemFacts facts, ItemChunk content, bool force, CancellationToken cancellationToken)
    {
        string destination = Prepare(path, force);
        FileRecord record = ToRecord(facts, destination);
        if (UnchangedFile.HasLengthAndTime(destination, record))
        {
            using SourceFile there = SourceFile.Open(destination);
            using ChunkBuffer buffer = await buffers.RentAsync(
                Math.Max(1, (int)facts.Length), cancellationToken).ConfigureAwait(false);
            Memory<byte> bytes = buffer.Memory[..(int)facts.Length];
            await there.ReadAsync(offset: 0, bytes, cancellationToken).ConfigureAwait(false);
            if (await ChunkHasher.Shared.HashAsync(bytes).ConfigureAwait(false) == content.Id)
            {
                return new ItemPut(destination, IsUnchanged: true);
            }
        }

        using ReceivedFile received = ReceivedFile.Open(destination, record, Replacing);
        await WriteAsync(received, facts, index: 0, content, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        _ = received.Commit(Replacing);
        return new ItemPut(destination, IsUnchanged: false);
    }

    public ValueTask<IOpenItemTarget> OpenAsync(
        ItemPath path, ItemFacts facts, ItemOpenMode mode, CancellationToken cancellationToken)
    {
        string destination = Prepare(path, mode.Force);
        FileRecord record = ToRecord(facts, destination);
        return new(mode.MayBeThere && UnchangedFile.HasLengthAndTime(destination, record)
            ? OpenFile.There(destination, facts, buffers)
            : new OpenFile(
                destination, facts, buffers, ReceivedFile.Open(destination, record, Replacing), there: null));
    }

    /// <summary>
    /// The path of an item below the folder. The name is untrusted: its path is below the folder, or it is refused.
    /// </summary>
    /// <exception cref="DfssException">InvalidName.</exception>
    internal static string Combine(ItemPath path)
    {
        string combined = path.Folder;
        foreach (string part in path.Name.Length == 0 ? [] : path.Name.Split('/'))
        {
            if (part is "" or "." or ".." || part.Contains('\0', StringComparison.Ordinal)
                || (OperatingSystem.IsWindows() && !LocalFileName.IsWindowsName(part)))
            {
                throw Refuse(path, $"'{part}' is no name of a file there");
            }

            if (LocalFileName.IsTooLong(part, OperatingSystem.IsWindows()))
            {
                throw Refuse(path, $"a part of it is longer than {LocalFileName.MaxPartLength}");
            }

            combined = Path.Combine(combined, part);
            if (new DirectoryInfo(combined).LinkTarget is not null)
            {
                throw Refuse(path, $"'{combined}' is a link, which may lead out of the destination");
            }
        }

        return combined;
    }

    private static DfssException Refuse(ItemPath path, string reason) => new(
        DfssErrorCode.InvalidName, $"'{path.Name}' cannot be copied to '{path.Folder}' under its name: {reason}.",
        "Rename it, or copy it by itself under another name.");

    private static void MakeFolder(string path, int? unixMode)
    {
        try
        {
            _ = unixMode is int mode && !OperatingSystem.IsWindows()
                ? Directory.CreateDirectory(path, CreationMask.OfFolder(mode))
                : Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"The folder '{path}' cannot be made: {ReasonOf(path, error)}",
                error);
        }
    }

    /// <summary>.NET takes the cause of the system for one of a file, where the folder above takes no folder.</summary>
    private static string ReasonOf(string path, Exception error)
    {
        string above = Path.GetDirectoryName(path) ?? path;
        while (!Path.Exists(above) && Path.GetDirectoryName(above) is { } next)
        {
            above = next;
        }

        return error switch
        {
            _ when File.Exists(path) => $"'{path}' is a file.",
            _ when File.Exists(above) => $"'{above}' is a file.",
            UnauthorizedAccessException => $"this user may not write in '{above}'.",
            FileNotFoundException or DirectoryNotFoundException => $"'{above}' takes no new folder.",
            _ => error.Message,
        };
    }

    private static string Prepare(ItemPath path, bool force)
    {
        string destination = Combine(path);
        if (path.Name.Contains('/', StringComparison.Ordinal))
        {
            // A copy makes the folders before, with their modes. One that was not made is its owner's only.
            MakeFolder(Path.GetDirectoryName(destination)!, unixMode: 0);
        }

        FileInfo existing = new(destination);
        return force || !existing.Exists || !existing.IsReadOnly ? destination : throw new DfssException(
            DfssErrorCode.DestinationUnwritable, $"'{destination}' is read-only.", "Use -Force to replace it.");
    }

    /// <summary>
    /// The record of a file for its part file. Its id is a hint only, which file the part is of: the ids of the chunks
    /// are compared with those of the source before they are used.
    /// </summary>
    private static FileRecord ToRecord(ItemFacts facts, string destination)
    {
        byte[] identity = new byte[sizeof(long) + 16 + sizeof(int)];
        BinaryPrimitives.WriteInt64LittleEndian(identity, facts.Length);
        BinaryPrimitives.WriteInt128LittleEndian(identity.AsSpan(sizeof(long)), facts.Modified.Nanoseconds);
        BinaryPrimitives.WriteInt32LittleEndian(identity.AsSpan(sizeof(long) + 16), facts.ChunkSize);
        return new FileRecord
        {
            Name = "item",
            Home = [],
            WriterId = Guid.Empty,
            Length = facts.Length,
            ChunkSize = facts.ChunkSize,
            Modified = facts.Modified,
            UnixMode = CreationMask.OfFile(facts.UnixMode, destination),
            FileId = new FileId(SHA256.HashData(identity)),
        };
    }

    private static async ValueTask WriteAsync(
        ReceivedFile received, ItemFacts facts, int index, ItemChunk chunk, CancellationToken cancellationToken)
    {
        ChunkId found = await ChunkHasher.Shared.HashAsync(chunk.Content).ConfigureAwait(false);
        if (found != chunk.Id || chunk.Content.Length != facts.LengthOf(index))
        {
            throw new DfssException(
                DfssErrorCode.ChunkCorrupt, $"Chunk {index} arrived with other bytes than were read.",
                "Run the command again, which resumes.");
        }

        // An empty file has no chunk, but is copied like one of one chunk.
        if (facts.Length == 0)
        {
            return;
        }

        await received.WriteAsync(
            index, facts.OffsetOf(index), chunk.Content, nonce: default, cancellationToken).ConfigureAwait(false);
    }

    private sealed class OpenFile(
        string path, ItemFacts facts, ChunkBuffers buffers, ReceivedFile? received, SourceFile? there) : IOpenItemTarget
    {
        public string Path => path;

        public bool IsThere => there is not null;

        public IReadOnlyList<int> Claimed { get; } = received?.Claimed ?? [.. Enumerable.Range(0, facts.ChunkCount)];

        public static OpenFile There(string path, ItemFacts facts, ChunkBuffers buffers) =>
            new(path, facts, buffers, received: null, SourceFile.Open(path));

        public async ValueTask<ChunkId[]> HashAsync(IReadOnlyList<int> indexes, CancellationToken cancellationToken)
        {
            ChunkId[] ids = new ChunkId[indexes.Count];
            for (int i = 0; i < ids.Length; i++)
            {
                int length = facts.LengthOf(indexes[i]);
                using ChunkBuffer buffer = await buffers.RentAsync(length, cancellationToken).ConfigureAwait(false);
                Memory<byte> content = buffer.Memory[..length];
                if (await TryReadAsync(indexes[i], content, cancellationToken).ConfigureAwait(false))
                {
                    ids[i] = await ChunkHasher.Shared.HashAsync(content).ConfigureAwait(false);
                }
            }

            return ids;
        }

        public ValueTask WriteAsync(int index, ItemChunk chunk, CancellationToken cancellationToken) =>
            LocalItemTarget.WriteAsync(Received, facts, index, chunk, cancellationToken);

        public ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            _ = Received.Commit(Replacing);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            received?.Dispose();
            there?.Dispose();
            return ValueTask.CompletedTask;
        }

        private ReceivedFile Received =>
            received ?? throw new InvalidOperationException("A file that is only compared is not written.");

        private async ValueTask<bool> TryReadAsync(int index, Memory<byte> content, CancellationToken cancellationToken)
        {
            if (received is not null)
            {
                return await received.TryReadAsync(
                    facts.OffsetOf(index), content, cancellationToken).ConfigureAwait(false);
            }

            await there!.ReadAsync(facts.OffsetOf(index), content, cancellationToken).ConfigureAwait(false);
            return true;
        }
    }
}
