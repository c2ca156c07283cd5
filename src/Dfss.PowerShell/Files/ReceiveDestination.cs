namespace Dfss.Commands;

/// <summary>Decides the path of each received file, so that no two files get the same path.</summary>
internal sealed class ReceiveDestination
{
    private readonly Func<string, bool> ignoresCase;

    // By path regardless of case: the first file that went to each.
    private readonly Dictionary<string, (string Path, string Name)> taken;

    // The folders where neither a file is nor one will be.
    private readonly HashSet<string> checkedFolders = new(StringComparer.Ordinal);

    /// <summary>Makes a destination.</summary>
    /// <param name="path">The full path.</param>
    /// <param name="given">
    /// What the user wrote. A separator at its end means a folder: '/' or '\', which PowerShell takes for one
    /// everywhere.
    /// </param>
    /// <param name="ignoresCase">
    /// Whether a folder takes names that differ only by case for one; null: the disk is asked.
    /// </param>
    /// <param name="isFolder">Whether it is a folder whatever is there.</param>
    internal ReceiveDestination(
        string path, string given, Func<string, bool>? ignoresCase = null, bool isFolder = false)
    {
        taken = new Dictionary<string, (string Path, string Name)>(StringComparer.OrdinalIgnoreCase);
        this.ignoresCase = ignoresCase ?? LocalName.IgnoresCase;
        IsFolder = isFolder || Directory.Exists(path) || given[^1] is '/' or '\\';
        Path = IsFolder ? System.IO.Path.TrimEndingDirectorySeparator(path) : path;
    }

    /// <summary>Makes another destination that shares the claimed paths with an existing one.</summary>
    internal ReceiveDestination(
        string path, string given, Func<string, bool> ignoresCase, ReceiveDestination? beside, bool isFolder)
        : this(path, given, ignoresCase, isFolder) => taken = beside?.taken ?? taken;

    /// <summary>The full path.</summary>
    internal string Path { get; }

    /// <summary>Whether files go below the path; otherwise it is the path of one file.</summary>
    internal bool IsFolder { get; }

    /// <summary>The full path for a stored file. Changes nothing, so that -WhatIf may ask.</summary>
    /// <exception cref="DfssException">InvalidName: not to be received here.</exception>
    internal string Locate(string name) => IsFolder ? LocalName.Combine(Path, name) : Path;

    /// <summary>Takes a located path for a stored file; may try out in the folder whether it ignores case.</summary>
    /// <exception cref="DfssException">DestinationExists: another one went there.</exception>
    internal void Claim(string chosen, string name)
    {
        if (!taken.TryGetValue(chosen, out (string Path, string Name) other))
        {
            taken.Add(chosen, (chosen, name));
            return;
        }

        if (other.Path != chosen && !IgnoresCase(FindExistingFolder(chosen)))
        {
            return;
        }

        throw new DfssException(
            DfssErrorCode.DestinationExists,
            $"'{name}' and '{other.Name}' would both be received as '{other.Path}'.",
            LocalName.ReceiveAlone);
    }

    /// <summary>Checks that no file is, or will be, where a folder of a claimed path must be.</summary>
    /// <exception cref="DfssException">
    /// DestinationExists: another file goes there. DestinationUnwritable: a file is there.
    /// </exception>
    internal void CheckFolders(string chosen, string name)
    {
        var passed = new List<string>();
        for (string folder = chosen; IsFolder && folder.Length > Path.Length;)
        {
            folder = System.IO.Path.GetDirectoryName(folder)!;
            if (checkedFolders.Contains(folder))
            {
                break;
            }

            if (taken.TryGetValue(folder, out (string Path, string Name) other)
                && (other.Path == folder || IgnoresCase(FindExistingFolder(folder))))
            {
                throw new DfssException(
                    DfssErrorCode.DestinationExists,
                    $"'{other.Name}' would be received as '{other.Path}', which must be a folder for '{name}'.",
                    LocalName.ReceiveAlone);
            }

            if (File.Exists(folder))
            {
                throw new DfssException(
                    DfssErrorCode.DestinationUnwritable,
                    $"The folder of '{chosen}' cannot be made: '{folder}' is a file.",
                    "Move the file, or name another destination.");
            }

            passed.Add(folder);
        }

        checkedFolders.UnionWith(passed);
    }

    /// <summary>Makes the folders between the destination and a chosen path.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    internal void MakeFolder(string chosen)
    {
        if (!IsFolder)
        {
            return;
        }

        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(chosen)!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"The folder of '{chosen}' cannot be made: {exception.Message}",
                "Check that nothing else has the folder's name, and that you may write there.",
                exception);
        }
    }

    private bool IgnoresCase(string folder)
    {
        try
        {
            return ignoresCase(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"Cannot write in '{folder}': {exception.Message}", exception);
        }
    }

    private static string FindExistingFolder(string chosen)
    {
        string folder = System.IO.Path.GetDirectoryName(chosen)!;
        while (!Directory.Exists(folder))
        {
            folder = System.IO.Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
