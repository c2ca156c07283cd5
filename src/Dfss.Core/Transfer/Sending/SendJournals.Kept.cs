using System.Buffers.Binary;
using System.Text;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <content>The journals that earlier sends of a source have left, whatever their chunk size and recipients.</content>
internal sealed partial class SendJournals
{
    /// <summary>The bytes of the chunks whose ids are known, in the journal that has most.</summary>
    /// <exception cref="IOException">The journals cannot be read.</exception>
    public static long CountKnownBytes(string stateFolder, string sourcePath)
    {
        long most = 0;
        foreach ((string path, SendJournalSummary summary) in Find(stateFolder, sourcePath))
        {
            long records = (new FileInfo(path).Length - summary.HeaderBytes) / SendJournalFormat.RecordBytes;
            most = Math.Max(most, records * summary.ChunkSize);
        }

        return most;
    }

    /// <summary>Deletes the journals of a source, but for one that a send has open.</summary>
    /// <exception cref="IOException">One cannot be deleted.</exception>
    public static void Forget(string stateFolder, string sourcePath)
    {
        foreach ((string path, _) in Find(stateFolder, sourcePath))
        {
            if (DurableFile.TryTake(path, FileShare.Delete) is { } handle)
            {
                try
                {
                    // Not the journal of a later send at the same path.
                    if (OperatingSystem.IsWindows() || FileStatus.IsAt(path, handle))
                    {
                        File.Delete(path);
                    }
                }
                finally
                {
                    DurableFile.Unlock(handle);
                }
            }
        }
    }

    private static List<(string Path, SendJournalSummary Summary)> Find(string stateFolder, string sourcePath)
    {
        var folder = new DirectoryInfo(Path.Combine(stateFolder, "sends"));
        byte[] source = Encoding.UTF8.GetBytes(Path.GetFullPath(sourcePath));
        List<(string, SendJournalSummary)> found = [];
        foreach (FileInfo file in folder.Exists ? folder.EnumerateFiles("*.journal") : [])
        {
            using SafeFileHandle handle = OperatingSystem.IsWindows()
                ? File.OpenHandle(
                    file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : DurableFile.OpenForReading(file.FullName);
            if (SendJournalSummary.TryRead(handle, source) is { } summary)
            {
                found.Add((file.FullName, summary));
            }
        }

        return found;
    }
}

/// <summary>What the header of a journal tells without its source.</summary>
/// <param name="ChunkSize">The length in bytes of a chunk's content.</param>
/// <param name="HeaderBytes">The bytes before the first record.</param>
internal sealed record SendJournalSummary(int ChunkSize, int HeaderBytes)
{
    /// <summary>Reads the header of a journal, if it is one of this source.</summary>
    /// <param name="file">The open journal.</param>
    /// <param name="sourcePath">The full path of the source, UTF-8.</param>
    public static SendJournalSummary? TryRead(SafeFileHandle file, byte[] sourcePath)
    {
        byte[] header = new byte[SendJournalFormat.FixedBytes + sourcePath.Length];
        if (RandomAccess.Read(file, header, fileOffset: 0) < header.Length
            || BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(12)) != sourcePath.Length
            || !header.AsSpan(SendJournalFormat.FixedBytes).SequenceEqual(sourcePath))
        {
            return null;
        }

        bool isEncrypted = header[SendJournalFormat.VersionOffset] == SendJournalFormat.EncryptedVersion;
        return new SendJournalSummary(
            BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(8)),
            header.Length + (isEncrypted ? SendKey.SizeBytes : 0) + ChunkId.SizeBytes);
    }
}
