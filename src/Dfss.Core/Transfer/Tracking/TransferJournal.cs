using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// The file of one transfer in the folder "transfers" of the state folder: its description, locked as long as the
/// transfer runs. It has no secret. A journal that cannot be written is no error: the transfer continues without it.
/// </summary>
internal sealed class TransferJournal
{
    private const string Extension = ".json";

    /// <summary>64 KiB: a description has a path, a name and some options.</summary>
    private const int MaxBytes = 64 << 10;

    /// <summary>30 days, as for the journals of sends: one not started again since is abandoned.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(30);

    /// <summary>1 day: clocks differ by less. A file with a time further in the future is removed.</summary>
    private static readonly TimeSpan ClockDifference = TimeSpan.FromDays(1);

    /// <summary>1 minute: an empty file that is younger may be of a transfer that begins now.</summary>
    private static readonly TimeSpan MaxEmptyAge = TimeSpan.FromMinutes(1);

    /// <summary>10: each time another process has deleted the file between its opening and its lock.</summary>
    private const int MaxTries = 10;

    private readonly string path;
    private readonly SafeFileHandle handle;
    private readonly Action<string>? say;

    private TransferJournal(string path, SafeFileHandle handle, Action<string>? say)
    {
        this.path = path;
        this.handle = handle;
        this.say = say;
    }

    /// <summary>What tells it from other journals.</summary>
    public string Key => Path.GetFileName(path);

    /// <summary>What an interrupted transfer of the same file had transferred.</summary>
    public long FormerBytes { get; private set; }

    /// <summary>The journal of a transfer that begins now; null if there is none for any reason.</summary>
    public static TransferJournal? TryBegin(TransferOptions options, TransferDescription description)
    {
        if (options.StateFolder is not string state)
        {
            return null;
        }

        try
        {
            string folder = FolderOf(state);
            OwnerOnly.CreateFolder(folder);
            string path = PathOf(folder, description);
            if (TryTake(path) is not { } handle)
            {
                options.Verbose?.Invoke(
                    $"'{description.Name}' is transferred without a journal: another transfer, or a list of "
                        + "transfers, has it.");
                return null;
            }

            return new TransferJournal(path, handle, options.Verbose).Begin(description);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            options.Verbose?.Invoke($"'{description.Name}' is transferred without a journal: {error.Message}");
            return null;
        }
    }

    /// <summary>The journals that no transfer holds, and that can be read.</summary>
    public static IEnumerable<(string Key, TransferDescription Description)> FindInterrupted(string stateFolder)
    {
        var folder = new DirectoryInfo(FolderOf(stateFolder));
        if (!folder.Exists)
        {
            yield break;
        }

        foreach (FileInfo file in folder.EnumerateFiles("*" + Extension))
        {
            if (TryRead(file) is { } description)
            {
                yield return (file.Name, description);
            }
        }
    }

    /// <summary>Deletes the journal of a transfer that does not run.</summary>
    /// <param name="stateFolder">The state folder.</param>
    /// <param name="description">The transfer.</param>
    /// <param name="forgetRest">Deletes what else is kept, while no other process can start the transfer.</param>
    /// <returns>Whether it did.</returns>
    public static bool TryForget(string stateFolder, TransferDescription description, Action forgetRest)
    {
        string path = PathOf(FolderOf(stateFolder), description);
        if (TryTake(path) is not { } handle)
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

    /// <summary>The transfer has succeeded.</summary>
    public void Forget()
    {
        try
        {
            RandomAccess.SetLength(handle, 0);
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Empty, it is no transfer.
            say?.Invoke($"The journal '{path}' is not deleted: {error.Message}");
        }
        finally
        {
            DurableFile.Unlock(handle);
        }
    }

    /// <summary>The transfer goes on.</summary>
    public void Note(TransferDescription description)
    {
        try
        {
            Write(description);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            say?.Invoke($"The journal '{path}' is out of date: {error.Message}");
        }
    }

    /// <summary>The transfer has ended before its end.</summary>
    public void Keep(TransferDescription description)
    {
        try
        {
            Write(description);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            say?.Invoke($"The journal '{path}' does not say why the transfer ended: {error.Message}");
        }
        finally
        {
            DurableFile.Unlock(handle);
        }
    }

    private TransferJournal Begin(TransferDescription description)
    {
        try
        {
            FormerBytes = ReadFormerBytes(description.Length);
            Write(description with { TransferredBytes = FormerBytes });
            return this;
        }
        catch
        {
            DurableFile.Unlock(handle);
            throw;
        }
    }

    private static string FolderOf(string stateFolder) => Path.GetFullPath(Path.Combine(stateFolder, "transfers"));

    private static string PathOf(string folder, TransferDescription description)
    {
        string identity = $"{description.Kind}\n{description.LocalPath}\n{description.Name}";
        return Path.Combine(
            folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..32] + Extension);
    }

    private static TransferDescription? TryRead(FileInfo file)
    {
        try
        {
            if (TryTake(file.FullName) is not { } handle)
            {
                return null;
            }

            try
            {
                ReadOnlySpan<byte> text = ReadText(handle);
                if (FileAge.Of(file, TimeProvider.System.GetUtcNow() + ClockDifference)
                    >= (text.IsEmpty ? MaxEmptyAge + ClockDifference : MaxAge))
                {
                    File.Delete(file.FullName);
                    return null;
                }

                return Parse(text);
            }
            finally
            {
                DurableFile.Unlock(handle);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            // Written by a later version, or cut off by a power cut: no transfer can be started from it.
            return null;
        }
    }

    private static TransferDescription? Parse(ReadOnlySpan<byte> text)
    {
        TransferDescription? read = JsonSerializer.Deserialize(
            text, TransferDescriptionFormat.Default.TransferDescription);
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

    /// <summary>
    /// The lock of a journal, of the file that has the path. Another process may have deleted the file between the
    /// opening and the lock, and a new journal may be at the path. Who has this lock may delete the path.
    /// </summary>
    private static SafeFileHandle? TryTake(string path)
    {
        for (int tries = 0; tries < MaxTries; tries++)
        {
            SafeFileHandle? handle = DurableFile.TryTake(path, FileShare.Delete);
            if (handle is null || OperatingSystem.IsWindows() || FileStatus.IsAt(path, handle))
            {
                return handle;
            }

            DurableFile.Unlock(handle);
        }

        return null;
    }

    private static ReadOnlySpan<byte> ReadText(SafeFileHandle handle)
    {
        byte[] text = new byte[Math.Min(MaxBytes, RandomAccess.GetLength(handle))];
        return text.AsSpan(0, RandomAccess.Read(handle, text, fileOffset: 0));
    }

    private long ReadFormerBytes(long length)
    {
        try
        {
            return Parse(ReadText(handle)) is { } former && former.Length == length ? former.TransferredBytes : 0;
        }
        catch (JsonException)
        {
            // New, and empty; or of another version.
            return 0;
        }
    }

    /// <summary>By one call, so that a process that is killed leaves the text of before or this one. Spaces at its end
    /// cover a longer text of before.</summary>
    private void Write(TransferDescription description)
    {
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(
            description, TransferDescriptionFormat.Default.TransferDescription);
        byte[] padded = new byte[Math.Max(text.Length, Math.Min(MaxBytes, RandomAccess.GetLength(handle)))];
        padded.AsSpan(text.Length).Fill((byte)' ');
        text.CopyTo(padded, 0);
        RandomAccess.Write(handle, padded, fileOffset: 0);
    }
}
