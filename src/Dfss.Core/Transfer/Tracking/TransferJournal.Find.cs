using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <content>The journals that are in a state folder, of this process and of others.</content>
internal sealed partial class TransferJournal
{
    /// <summary>30 days, as for the journals of sends: one not started again since is abandoned.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(30);

    /// <summary>1 day: clocks differ by less. A file with a time further in the future is removed.</summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromDays(1);

    /// <summary>1 minute: an empty file that is younger may be of a transfer that begins now.</summary>
    private static readonly TimeSpan MaxEmptyAge = TimeSpan.FromMinutes(1);

    /// <summary>The path of the journal of a transfer.</summary>
    public static string PathOf(string stateFolder, TransferDescription description)
    {
        string identity = $"{description.Kind}\n{description.LocalPath}\n{description.Name}";
        return System.IO.Path.Combine(
            FolderOf(stateFolder),
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..32] + Extension);
    }

    /// <summary>
    /// The journals that can be read. One that no transfer holds is of an interrupted one. No transfer loses its
    /// journal by it, or begins without one, unless it is one of 30 days ago, in the moment in which it is deleted.
    /// </summary>
    public static IEnumerable<(string Path, TransferDescription Description, bool IsHeld)> Find(string stateFolder)
    {
        var folder = new DirectoryInfo(FolderOf(stateFolder));
        foreach (FileInfo file in folder.Exists ? folder.EnumerateFiles("*" + Extension) : [])
        {
            if (TryRead(file) is (TransferDescription description, bool isHeld))
            {
                yield return (file.FullName, description, isHeld);
            }
        }
    }

    /// <summary>The process that a held journal names, if that process runs; null if it is not known.</summary>
    public static int? FindOwner(TransferDescription held) =>
        held is { ProcessId: { } id, ProcessStart: { } start } && ProcessStart.Of(id) == start ? id : null;

    /// <summary>Deletes the journal of a transfer that does not run.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="forgetRest">Deletes what else is kept, while no other process can start the transfer.</param>
    /// <returns>Whether it did.</returns>
    public static bool TryForget(string path, Action forgetRest)
    {
        if (WriterLock.TryTake(path) is not { } handle)
        {
            return false;
        }

        try
        {
            forgetRest();
            File.Delete(path);
            return true;
        }
        finally
        {
            DurableFile.Unlock(handle);
        }
    }

    private static string FolderOf(string stateFolder) =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(stateFolder, "transfers"));

    private static int? FindOwner(string path)
    {
        try
        {
            using SafeFileHandle file = DurableFile.OpenForReading(path);
            return TryParse(ReadText(file)) is { } held ? FindOwner(held) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The transfer has just ended.
            return null;
        }
    }

    private static (TransferDescription Description, bool IsHeld)? TryRead(FileInfo file)
    {
        try
        {
            // Asked first: a transfer that begins between the two has written its journal after this text, or is
            // found to hold it by the next listing.
            bool isHeld = WriterLock.IsHeld(file.FullName);
            ReadOnlySpan<byte> text;
            using (SafeFileHandle open = DurableFile.OpenForReading(file.FullName))
            {
                text = ReadText(open);
            }

            if (!isHeld && IsAbandoned(file, text.IsEmpty))
            {
                Prune(file);
                return null;
            }

            return TryParse(text) is { } description ? (description, isHeld) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has just ended, or is of a user whose files this one may not read.
            return null;
        }
    }

    private static bool IsAbandoned(FileInfo file, bool isEmpty) =>
        FileAge.Of(file, TimeProvider.System.GetUtcNow() + ClockDifference)
            >= (isEmpty ? MaxEmptyAge + ClockDifference : MaxAge);

    private static void Prune(FileInfo file)
    {
        if (WriterLock.TryTake(file.FullName) is not { } handle)
        {
            return;
        }

        try
        {
            // A transfer may have begun, and have been interrupted, since it was looked at.
            file.Refresh();
            if (IsAbandoned(file, RandomAccess.GetLength(handle) == 0))
            {
                File.Delete(file.FullName);
            }
        }
        finally
        {
            DurableFile.Unlock(handle);
        }
    }

    /// <summary>
    /// Null for a text of a later version, one that was cut off by a power cut, and an empty one: no transfer can be
    /// started from it.
    /// </summary>
    private static TransferDescription? TryParse(ReadOnlySpan<byte> text)
    {
        TransferDescription? read;
        try
        {
            read = JsonSerializer.Deserialize(text, TransferDescriptionFormat.Default.TransferDescription);
        }
        catch (JsonException)
        {
            return null;
        }

        if (read is null)
        {
            return null;
        }

        // What the text leaves out is null: a generated reader does not keep the initial values.
        read = read with
        {
            Name = read.Name ?? string.Empty,
            Peers = read.Peers ?? [],
            Parameters = read.Parameters ?? new Dictionary<string, IReadOnlyList<string>>(),
            Secrets = read.Secrets ?? [],
        };
        bool isWhole = !read.Peers.Contains(null!) && !read.Secrets.Contains(null!)
            && read.Parameters.Values.All(values => values is not null && !values.Contains(null!));
        return isWhole ? read : null;
    }

    private static ReadOnlySpan<byte> ReadText(SafeFileHandle handle)
    {
        byte[] text = new byte[Math.Min(MaxBytes, RandomAccess.GetLength(handle))];
        return text.AsSpan(0, RandomAccess.Read(handle, text, fileOffset: 0));
    }
}
