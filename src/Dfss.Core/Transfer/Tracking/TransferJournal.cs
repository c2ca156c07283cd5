using System.Text.Json;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>
/// The file of one transfer in the folder "transfers" of the state folder: its description, locked as long as the
/// transfer runs, with the process that has the lock. It has no secret. A journal that cannot be written is no error:
/// the transfer continues without it. Safe for concurrent use.
/// </summary>
internal sealed partial class TransferJournal
{
    private const string Extension = ".json";

    /// <summary>64 KiB: a description has a path, a name and some options.</summary>
    private const int MaxBytes = 64 << 10;

    private readonly SafeFileHandle handle;
    private readonly Action? beforeWrite;

    // Held while the disk writes, for seconds perhaps.
    private readonly Lock writes = new();
    private Action<string>? say;
    private bool isEnded;

    private TransferJournal(string path, SafeFileHandle handle, Action? beforeWrite)
    {
        Path = path;
        this.handle = handle;
        this.beforeWrite = beforeWrite;
    }

    /// <summary>What tells it from other journals.</summary>
    public string Path { get; }

    /// <summary>What an interrupted transfer of the same content had transferred.</summary>
    public long FormerBytes { get; private set; }

    /// <summary>The journal of a transfer that begins now; null if there is none for any reason.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="description">The transfer.</param>
    /// <param name="options">Receives the reason why there is none.</param>
    /// <param name="beforeWrite">Called before each write. A seam for tests. Null: none.</param>
    public static TransferJournal? TryBegin(
        string path, TransferDescription description, TransferOptions options, Action? beforeWrite)
    {
        try
        {
            OwnerOnly.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
            if (WriterLock.TryTake(path) is not { } handle)
            {
                WarnOfOther(description, FindOwner(path), options);
                return null;
            }

            var journal = new TransferJournal(path, handle, beforeWrite);
            return journal.TryBegin(description, options) ? journal : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            WarnOfFailure(description, error, options);
            return null;
        }
    }

    /// <summary>
    /// The journal of an interrupted transfer, for this process alone; null if it is not there any more, or another
    /// process has it.
    /// </summary>
    /// <param name="path">Its path.</param>
    /// <param name="beforeWrite">As for <see cref="TryBegin(string, TransferDescription, TransferOptions, Action?)"/>.
    /// </param>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public static (TransferJournal Journal, TransferDescription Description)? TryClaim(
        string path, Action? beforeWrite)
    {
        if (!File.Exists(path) || WriterLock.TryTake(path) is not { } handle)
        {
            return null;
        }

        bool isClaimed = false;
        try
        {
            if (TryParse(ReadText(handle)) is not { } description)
            {
                return null;
            }

            var journal = new TransferJournal(path, handle, beforeWrite);
            journal.Write(Own(description));
            isClaimed = true;
            return (journal, description);
        }
        finally
        {
            if (!isClaimed)
            {
                if (RandomAccess.GetLength(handle) == 0)
                {
                    // The transfer has just ended: taking the lock has made the file.
                    File.Delete(path);
                }

                DurableFile.Unlock(handle);
            }
        }
    }

    /// <summary>A transfer begins with a journal that was claimed for it; if not, the journal is closed.</summary>
    public bool TryBegin(TransferDescription description, TransferOptions options)
    {
        say = options.Verbose;
        try
        {
            FormerBytes = ReadFormerBytes(description);
            Write(Own(description) with { TransferredBytes = FormerBytes });
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            WarnOfFailure(description, error, options);
            Close();
            return false;
        }
    }

    /// <summary>The transfer has succeeded.</summary>
    public void Forget() => End(() =>
    {
        // Empty, it is no transfer, also where it cannot be deleted.
        RandomAccess.SetLength(handle, 0);
        File.Delete(Path);
    });

    /// <summary>The transfer has ended before its end.</summary>
    public void Keep(TransferDescription description) =>
        End(() => Write(description with { ProcessId = null, ProcessStart = null }));

    /// <summary>The transfer goes on.</summary>
    public void Note(TransferDescription description)
    {
        lock (writes)
        {
            if (!isEnded)
            {
                Try(() => Write(Own(description)));
            }
        }
    }

    private static TransferDescription Own(TransferDescription description) =>
        description with { ProcessId = Environment.ProcessId, ProcessStart = ProcessStart.Own };

    private static void WarnOfOther(TransferDescription description, int? owner, TransferOptions options) =>
        WarnOfNone(
            description,
            owner is { } id
                ? FormattableString.Invariant($"process {id} transfers the same file")
                : "another command transfers the same file",
            options);

    private static void WarnOfFailure(TransferDescription description, Exception error, TransferOptions options) =>
        options.Verbose?.Invoke($"'{description.Name}' is transferred without a journal: {error.Message}");

    /// <summary>The transfer goes on, and cannot be found if it is interrupted.</summary>
    internal static void WarnOfNone(TransferDescription description, string why, TransferOptions options) =>
        options.Warning?.Invoke(
            $"'{description.Name}' is transferred without a journal: {why}. If it is interrupted, run this command "
                + "again to resume it.");

    private void End(Action last)
    {
        lock (writes)
        {
            if (isEnded)
            {
                return;
            }

            isEnded = true;
            try
            {
                Try(last);
            }
            finally
            {
                DurableFile.Unlock(handle);
            }
        }
    }

    private void Close() => End(static () => { });

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            say?.Invoke($"The journal '{Path}' is out of date: {error.Message}");
        }
    }

    /// <summary>
    /// Of a send only if the file is the same: another one of the same length has other chunks.
    /// </summary>
    private long ReadFormerBytes(TransferDescription description)
    {
        return TryParse(ReadText(handle)) is { } former && former.Length == description.Length
            && (former.Kind != TransferKind.Send
                || (former.SourceState is { } state && state == description.SourceState))
                ? former.TransferredBytes
                : 0;
    }

    /// <summary>By one call, so that a process that is killed leaves the text of before or this one. Spaces at its end
    /// cover a longer text of before.</summary>
    private void Write(TransferDescription description)
    {
        beforeWrite?.Invoke();
        byte[] text = JsonSerializer.SerializeToUtf8Bytes(
            description, TransferDescriptionFormat.Default.TransferDescription);
        byte[] padded = new byte[Math.Max(text.Length, Math.Min(MaxBytes, RandomAccess.GetLength(handle)))];
        padded.AsSpan(text.Length).Fill((byte)' ');
        text.CopyTo(padded, 0);
        RandomAccess.Write(handle, padded, fileOffset: 0);
    }
}
