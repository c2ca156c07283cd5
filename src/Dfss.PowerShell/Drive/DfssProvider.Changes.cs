using System.Collections.Concurrent;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>
/// Changes of names, which move no chunk. A path stands for its file and for the files below it.
/// </content>
public sealed partial class DfssProvider
{
    /// <summary>What a message says after content was stored.</summary>
    internal const string Stored = "The file has been stored.";

    /// <summary>What a message says after that was an error.</summary>
    internal const string NotDone = "The change ended with an error.";

    /// <inheritdoc/>
    protected override void RemoveItem(string path, bool recurse) => Do(() => Remove(path, recurse));

    private void Remove(string path, bool recurse)
    {
        DrivePath found = Start(path);
        if (found.IsRoot)
        {
            WriteError(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.InvalidArgument, "The root of a drive cannot be removed.",
                    $"To remove all files of the drive give {found.Drive.Name}:/* -Recurse; to remove the drive use "
                        + "Remove-PSDrive."),
                path));
            return;
        }

        StoredFile[] files = FindFiltered(found, recurse);
        if (files.Length == 0)
        {
            // With -Include or -Exclude the engine asks for each folder that matches, and then for its files.
            if (!Look(found).Exists)
            {
                WriteError(NotFound(found));
            }
        }
        else if (ShouldProcess(found.Shown, Count("Remove", files, found)))
        {
            bool force = Force;
            ChangeAll(found, files, isQuiet: true, (client, file, token) => client.RemoveAsync(
                file, new RemoveOptions { Force = force }, token));
        }
    }

    /// <inheritdoc/>
    protected override void MoveItem(string path, string destination) => Do(() =>
    {
        DrivePath found = Start(path);
        StoredFile[] files = FindToMove(found, "moved");
        if (files.Length > 0)
        {
            Move(found, files, FindDestination(found, files, destination), "Move");
        }
    });

    /// <inheritdoc/>
    protected override void CopyItem(string path, string copyPath, bool recurse) =>
        Do(() => Copy(path, copyPath, recurse));

    private void Copy(string path, string copyPath, bool recurse)
    {
        DrivePath found = Start(path);
        StoredFile[] files = FindFiltered(found, recurse);
        if (files.Length == 0)
        {
            if (!recurse && Look(found).IsFolder)
            {
                WriteError(ErrorRecords.Create(
                    "PathIsFolder", ErrorCategory.InvalidType, path,
                    $"'{found.Name}' is a folder, which is there only with its files.",
                    "Use -Recurse for its files."));
            }

            return;
        }

        string newName = FindDestination(found, files, copyPath);
        if (IsWithin(found, newName) || Overlaps(found, files, newName)
            || !ShouldProcess(found.Shown, $"{Count("Copy", files, found)} to '{newName}'"))
        {
            return;
        }

        bool force = Force;
        ChangeAll(found, files, isQuiet: false, (client, file, token) => client.CopyAsync(
            file, NewNameOf(file, found, newName), new CopyOptions { Force = force }, token));
    }

    /// <inheritdoc/>
    protected override void NewItem(string path, string itemTypeName, object newItemValue) =>
        Do(() => Make(path, itemTypeName, newItemValue));

    private void Make(string path, string? itemTypeName, object? newItemValue)
    {
        DrivePath found = Start(path);
        if (!string.IsNullOrEmpty(itemTypeName) && !itemTypeName.Equals("File", StringComparison.OrdinalIgnoreCase))
        {
            WriteError(ErrorRecords.Create(
                "FolderNotStored", ErrorCategory.InvalidOperation, path,
                $"'{found.Name}' cannot be made as {itemTypeName}: only files are stored, and a folder is there as "
                    + "soon as a file is below it.",
                "Store the file: its folders come with it. Copy-Item and Move-Item take a folder that is not there yet "
                    + "where the destination ends with '/'."));
            return;
        }

        if (ShouldProcess(found.Shown, "Create file"))
        {
            byte[] content = newItemValue is null
                ? []
                : EncodingArgumentAttribute.Utf8NoBom.GetBytes(LanguagePrimitives.ConvertTo<string>(newItemValue));
            Store(found, content, replaces: Force, isQuiet: false);
        }
    }

    /// <summary>The files of a path that is to get another name; none, with an error, where it cannot.</summary>
    private StoredFile[] FindToMove(DrivePath path, string what)
    {
        if (path.IsRoot)
        {
            WriteError(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.InvalidArgument, $"The root of a drive cannot be {what}.",
                    $"Give the items in it: {path.Drive.Name}:/*."),
                path.Shown));
            return [];
        }

        StoredFile[] files = FindFiltered(path, recurse: true);
        if (files.Length == 0 && !Look(path).Exists)
        {
            WriteError(NotFound(path));
        }

        return files;
    }

    private void Move(DrivePath path, StoredFile[] files, string newName, string action)
    {
        if (newName == path.Name || IsWithin(path, newName) || Overlaps(path, files, newName)
            || !ShouldProcess(path.Shown, $"{Count(action, files, path)} to '{newName}'"))
        {
            return;
        }

        bool force = Force;
        ChangeAll(path, files, isQuiet: false, (client, file, done, token) =>
            MoveOneAsync(client, file, NewNameOf(file, path, newName), force, done, token));
    }

    /// <summary>The new name of a path: in the destination where that is a folder, or ends with a separator.</summary>
    private string FindDestination(DrivePath path, StoredFile[] files, string destination)
    {
        DrivePath to = Require(destination);
        if (to.Drive != path.Drive)
        {
            throw new CmdletException(ErrorRecords.Create(
                "DestinationOnOtherDrive", ErrorCategory.InvalidArgument, destination,
                $"'{to.Shown}' is on another drive than '{path.Shown}', and may have other peers.",
                "Receive the files with Receive-DfssFile, and send them with Send-DfssFile."));
        }

        bool isFolder = to.HasSeparator || to.IsRoot || LookForChange(to, IsOneFile(path, files)) is
        {
            IsFolder: true, File: null
        };
        string name = isFolder ? to.Below + path.Leaf : to.Name;
        if (name != path.Name && !IsOneFile(path, files) && IsFile(to, name))
        {
            throw new CmdletException(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.FileExists, $"'{name}' is a file, and '{path.Name}' is a folder.",
                    "Use another name."),
                destination));
        }

        return name;
    }

    /// <summary>
    /// Whether a name is that of a file. One that is not permitted to this client is none: no change reaches it.
    /// </summary>
    private bool IsFile(DrivePath path, string name) => Run(path, async (_, token) =>
    {
        Task<StoredFile?> asked = path.Drive.Store.TryGetAsync(name, token);
        await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !DriveStore.IsNotPermitted(asked) && await asked.ConfigureAwait(false) is not null;
    });

    /// <summary>Whether a path would be moved or copied into itself, which is an error.</summary>
    private bool IsWithin(DrivePath path, string newName)
    {
        bool isSame = newName == path.Name;
        if (!isSame && !newName.StartsWith(path.Below, StringComparison.Ordinal))
        {
            return false;
        }

        WriteError(ErrorRecords.Create(
            new DfssException(
                DfssErrorCode.InvalidArgument, $"'{newName}' is '{path.Name}' itself, or below it.",
                "Give another destination."),
            path.Name));
        return true;
    }

    /// <summary>
    /// Whether a file would get the name of another one of them, which is an error: they change in parallel, so which
    /// of the two is kept would depend on their order.
    /// </summary>
    private bool Overlaps(DrivePath path, StoredFile[] files, string newName)
    {
        // A new name that cannot be is the error of its file.
        HashSet<string> names = files.Select(file => file.Record.Name).ToHashSet(StringComparer.Ordinal);
        if (Array.Find(
            files,
            file => FileName.TryNormalize(
                string.Concat(newName, file.Record.Name.AsSpan(path.Name.Length)), out string? name, out _)
                && names.Contains(name)) is not { } first)
        {
            return false;
        }

        WriteError(ErrorRecords.Create(
            new DfssException(
                DfssErrorCode.InvalidArgument,
                $"'{first.Name}' would get the name of another file of '{path.Name}': "
                    + $"'{NewNameOf(first, path, newName)}'. Nothing has changed.",
                "Rename the folder first, then move or copy it."),
            path.Name));
        return true;
    }

    private static string NewNameOf(StoredFile file, DrivePath path, string newName) =>
        FileName.NormalizeNew(string.Concat(newName, file.Record.Name.AsSpan(path.Name.Length)));

    /// <summary>Whether the files of a path are the one of that name.</summary>
    private static bool IsOneFile(DrivePath path, StoredFile[] files) =>
        files is [{ } only] && only.Record.Name == path.Name;

    private static string Count(string action, StoredFile[] files, DrivePath path) => IsOneFile(path, files)
        ? FormattableString.Invariant($"{action} version {files[0].Record.Version}")
        : FormattableString.Invariant($"{action} {files.Length} {(files.Length == 1 ? "file" : "files")}");

    private void WriteFile(DrivePath path, StoredFile file) =>
        WriteItemObject(new DfssFileInfo(file), path.PathOf(file.Record.Name), isContainer: false);

    /// <summary>Stores bytes as a file, and writes it where it is wanted.</summary>
    private void Store(DrivePath path, byte[] content, bool replaces, bool isQuiet)
    {
        var said = new ConcurrentQueue<DriveMessage>();
        StoredFile file;
        try
        {
            file = Change(path, said, async (_, token) =>
            {
                using var stream = new MemoryStream(content, writable: false);
                return await path.Drive.Store.Client.SendAsync(
                    stream, FileName.NormalizeNew(path.Name), new SendOptions { Force = replaces }, progress: null,
                    token).ConfigureAwait(false);
            });
        }
        catch (CmdletException)
        {
            Tell(path, said, NotDone);
            throw;
        }

        if (!isQuiet)
        {
            WriteFile(path, file);
        }

        Tell(path, said, Stored);
    }
}
