using System.Text;
using Dfss.Storage;

namespace Dfss.Security;

/// <summary>Small, durable files and folders that belong to one user. Failures name the path.</summary>
internal static class PrivateFile
{
    private static readonly DurableFile Files = new(beforeStep: null);

    /// <summary>
    /// Creates a folder that only this user may enter, and its missing parents. Each is durable on return. An existing
    /// folder keeps its mode.
    /// </summary>
    public static void CreateFolder(string path)
    {
        try
        {
            Files.CreateDirectory(Path.GetFullPath(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"The folder '{path}' cannot be made: {error.Message}", error);
        }
    }

    /// <summary>Creates an empty file where there is none, for a caller that opens it by its path.</summary>
    public static void Touch(string path)
    {
        try
        {
            OwnerOnly.Touch(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>
    /// Reads a file without blocking a process that replaces it meanwhile, as a reader on Windows otherwise would.
    /// </summary>
    public static byte[] ReadBytes(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// Writes a file, replacing an existing one. A reader sees either the old or the new content in full, also after a
    /// power cut. Durable on return.
    /// </summary>
    public static async Task ReplaceAsync(string path, string text, CancellationToken cancellationToken)
    {
        string made = $"{path}.{Guid.NewGuid():N}";
        await WriteAsync(made, text, cancellationToken).ConfigureAwait(false);
        try
        {
            Files.Rename(made, path);
            Files.SyncNameOf(Path.GetFullPath(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(made);
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Writes a new file. Durable on return. A failed write leaves no file behind.</summary>
    public static async Task CreateAsync(string path, string text, CancellationToken cancellationToken)
    {
        await WriteAsync(path, text, cancellationToken).ConfigureAwait(false);
        try
        {
            Files.SyncNameOf(Path.GetFullPath(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be made to last: {error.Message}", error);
        }
    }

    private static async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        bool isMade = false;
        bool isWhole = false;
        try
        {
            using FileStream file = OwnerOnly.OpenStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            isMade = true;
            await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
            Files.Sync(file.SafeFileHandle, path);
            isWhole = true;
        }
        catch (IOException error) when (!isMade && File.Exists(path))
        {
            throw new DfssException(
                DfssErrorCode.DestinationExists, $"'{path}' exists and is not written over: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
        finally
        {
            if (isMade && !isWhole)
            {
                File.Delete(path);
            }
        }
    }
}
