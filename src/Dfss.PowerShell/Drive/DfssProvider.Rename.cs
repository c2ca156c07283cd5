using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>
/// Rename-Item: another last part of the name, and nothing else. What is there under the new name stays.
/// </content>
public sealed partial class DfssProvider
{
    /// <inheritdoc/>
    protected override void RenameItem(string path, string newName) => Do(() => Rename(path, newName));

    private void Rename(string path, string newName)
    {
        ArgumentNullException.ThrowIfNull(newName);
        DrivePath found = Start(path);
        StoredFile[] files = FindToMove(found, "renamed");
        if (files.Length == 0)
        {
            return;
        }

        bool isOneFile = IsOneFile(found, files);
        if (IsPathOfDrive(newName) || (isOneFile && newName.EndsWith('/'))
            || FindNewLeaf(found, newName) is not { } leaf)
        {
            WriteError(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.InvalidName, $"'{newName}' is no name within the folder of '{found.Name}'.",
                    "Give the last part of the name, or the whole name in the store with the same folder; Move-Item "
                        + "moves to another folder, and Rename-DfssFile takes every name."),
                newName));
            return;
        }

        int last = found.Name.LastIndexOf('/');
        string name = string.Concat(found.Name.AsSpan(0, last + 1), leaf);

        // As it is stored: what lies below another spelling of the same name would not be found.
        DrivePath target = found with { Name = FileName.TryNormalize(name, out string? stored, out _) ? stored : name };
        DriveItem taken = target.Name == found.Name
            ? new DriveItem(File: null, IsFolder: false)
            : LookForChange(target, isOneFile);
        if (taken.IsFolder || (taken.File is not null && !isOneFile))
        {
            WriteError(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.FileExists, $"'{target.Name}' is a {(taken.IsFolder ? "folder" : "file")}.",
                    "Use another name."),
                newName));
            return;
        }

        Move(found, files, target.Name, "Rename");
    }

    /// <summary>
    /// The last part of a new name: it is given alone, or as a whole name in the store, as the items' Name is, with the
    /// same folder, and for a folder '/' at its end; null for any other.
    /// </summary>
    private static string? FindNewLeaf(DrivePath path, string newName)
    {
        string name = newName.EndsWith('/') ? newName[..^1] : newName;
        string folder = path.Name[..(path.Name.LastIndexOf('/') + 1)];
        string leaf = name.StartsWith(folder, StringComparison.Ordinal) ? name[folder.Length..] : name;
        return leaf.IndexOfAny(['/', '\\']) >= 0 || leaf is "" or "." or ".." ? null : leaf;
    }

    /// <summary>Whether a new name begins with the name of a drive and ':', of any provider.</summary>
    private bool IsPathOfDrive(string newName)
    {
        int colon = newName.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && SessionState.Drive.GetAll().Any(
            drive => drive.Name.AsSpan().Equals(newName.AsSpan(0, colon), StringComparison.OrdinalIgnoreCase));
    }
}
