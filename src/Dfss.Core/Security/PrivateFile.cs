using System.Text;

namespace Dfss.Security;

/// <summary>Files that only the user who made them may read. On Windows they have the rights of their folder.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;

    /// <summary>Makes a folder that only this user may enter; one that is there keeps its mode.</summary>
    public static void CreateFolder(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, OwnerFolder);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"The folder '{path}' cannot be made: {error.Message}", error);
        }
    }

    /// <summary>How to open such a file for writing.</summary>
    public static FileStreamOptions Options(FileMode mode, FileShare share)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        return options;
    }

    /// <summary>Makes an empty file where there is none, for whoever then writes it in a way of his own.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public static void Touch(string path)
    {
        FileStreamOptions options = Options(FileMode.OpenOrCreate, FileShare.ReadWrite);
        try
        {
            using FileStream file = new(path, options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>
    /// Writes a file in place of one that may be there: whoever reads it meanwhile, or after a crash, has the one or the other
    /// whole.
    /// </summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public static async Task ReplaceAsync(string path, string text, CancellationToken cancellationToken)
    {
        string made = $"{path}.{Guid.NewGuid():N}";
        await CreateAsync(made, text, cancellationToken).ConfigureAwait(false);
        try
        {
            File.Move(made, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(made);
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Writes a new file.</summary>
    /// <exception cref="DfssException">DestinationExists; DestinationUnwritable.</exception>
    public static async Task CreateAsync(string path, string text, CancellationToken cancellationToken)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        try
        {
            using FileStream file = new(path, options);
            await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new DfssException(DfssErrorCode.DestinationExists, $"'{path}' exists and is not written over: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be written: {error.Message}", error);
        }
    }
}
