using System.Buffers.Binary;
using System.Text;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <content>The journals that earlier sends of a source have left, whatever their chunk size and recipients.</content>
internal sealed partial class SendJournals
{
    /// <summary>Deletes the journals of a source, but for one that a send has open.</summary>
    /// <exception cref="IOException">One cannot be deleted.</exception>
    public static void Forget(string stateFolder, string sourcePath)
    {
        foreach (string path in Find(stateFolder, sourcePath))
        {
            if (WriterLock.TryTake(path) is { } handle)
            {
                try
                {
                    File.Delete(path);
                }
                finally
                {
                    DurableFile.Unlock(handle);
                }
            }
        }
    }

    private static List<string> Find(string stateFolder, string sourcePath)
    {
        var folder = new DirectoryInfo(Path.Combine(stateFolder, "sends"));
        byte[] source = Encoding.UTF8.GetBytes(Path.GetFullPath(sourcePath));
        List<string> found = [];
        foreach (FileInfo file in folder.Exists ? folder.EnumerateFiles("*.journal") : [])
        {
            using SafeFileHandle handle = DurableFile.OpenForReading(file.FullName);
            if (IsOf(handle, source))
            {
                found.Add(file.FullName);
            }
        }

        return found;
    }

    /// <summary>Whether an open journal is one of this source, whose full path is given in UTF-8.</summary>
    private static bool IsOf(SafeFileHandle file, byte[] sourcePath)
    {
        byte[] header = new byte[SendJournalFormat.FixedBytes + sourcePath.Length];
        return RandomAccess.Read(file, header, fileOffset: 0) == header.Length
            && BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(12)) == sourcePath.Length
            && header.AsSpan(SendJournalFormat.FixedBytes).SequenceEqual(sourcePath);
    }
}
