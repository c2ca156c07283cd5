using System.Text;
using Dfss.Storage;

namespace Dfss.Security;

/// <summary>Small files and folders of one user, durable, whose failures name the path.</summary>
internal static class PrivateFile
{
    private static readonly DurableFile Files = new(beforeStep: null);

    /// <summary>
    /// Makes a folder that only this user may enter, and those above it that are missing, each durable on return; one
    /// that is there keeps its mode.
    /// </summary>
    public static void CreateFolder(string path)
    {
        try
        {
            Files.CreateDirectory(Path.GetFullPath(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"The folder '{path}' cannot be made: {error.Message}", error);
        }
    }

    /// <summary>Makes an empty file where there is none, for a caller that opens it by its path.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public static void Touch(string path)
    {
        try
        {
            OwnerOnly.Touch(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Reads a file, and stands in nobody's way who replaces it meanwhile: on Windows a reader else would.</summary>
    public static byte[] ReadBytes(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// Writes a file in place of one that may be there: whoever reads it meanwhile, or after a power cut, has the one or the other
    /// whole. Durable on return.
    /// </summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
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
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Writes a new file. Durable on return; where it cannot be written, nothing is left of it.</summary>
    /// <exception cref="DfssException">DestinationExists; DestinationUnwritable.</exception>
    public static async Task CreateAsync(string path, string text, CancellationToken cancellationToken)
    {
        await WriteAsync(path, text, cancellationToken).ConfigureAwait(false);
        try
        {
            Files.SyncNameOf(Path.GetFullPath(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be made to last: {error.Message}", error);
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
            throw new DfssException(DfssErrorCode.DestinationExists, $"'{path}' exists and is not written over: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
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
