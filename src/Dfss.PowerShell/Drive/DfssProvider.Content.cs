using System.Management.Automation;
using System.Management.Automation.Provider;
using Dfss.Transfer;
using Microsoft.PowerShell.Commands;

namespace Dfss.Commands;

/// <content>Content: it goes to the peers and comes from them without a local file.</content>
public sealed partial class DfssProvider
{
    /// <inheritdoc/>
    public object GetContentReaderDynamicParameters(string path) => new DriveReaderParameters();

    /// <inheritdoc/>
    public object GetContentWriterDynamicParameters(string path) => new DriveWriterParameters();

    /// <inheritdoc/>
    public object? ClearContentDynamicParameters(string path) => null;

    /// <inheritdoc/>
    public IContentReader? GetContentReader(string path) => Do(() => Read(path));

    private DriveContentReader? Read(string path)
    {
        DrivePath found = Require(path);
        StoredFile? file = FindAll(found, recurse: false).FirstOrDefault();
        if (file is not null)
        {
            return new DriveContentReader(
                this, found, file, DriveReaderParameters.From(DynamicParameters));
        }

        WriteError(Look(found).IsFolder ? IsFolder(found) : NotFound(found));
        return null;
    }

    /// <inheritdoc/>
    public IContentWriter? GetContentWriter(string path) => Do(() => Write(path));

    private DriveContentWriter? Write(string path)
    {
        DrivePath found = Require(path);
        if (found.IsRoot || found.HasSeparator
            || LookForChange(found, isOneFile: true) is { IsFolder: true, File: null })
        {
            WriteError(IsFolder(found));
            return null;
        }

        return new DriveContentWriter(
            this, found, DriveWriterParameters.From(DynamicParameters));
    }

    /// <inheritdoc/>
    public void ClearContent(string path) => Do(() => Clear(path));

    private void Clear(string path)
    {
        // Set-Content clears first. It replaces all of a file anyway, and an empty version between the two would take
        // the place of the earlier version that is kept. For paths from the pipeline it has the parameters of the
        // current location, so they do not tell.
        if (DynamicParameters is DriveWriterParameters or FileSystemContentWriterDynamicParameters
            || ReplacingCall.IsRunning())
        {
            return;
        }

        DrivePath found = Start(path);
        if (FindAll(found, recurse: false).Length == 0)
        {
            WriteError(Look(found).IsFolder ? IsFolder(found) : NotFound(found));
        }
        else if (ShouldProcess(found.Shown, "Clear content"))
        {
            Store(found, [], replaces: true, isQuiet: true);
        }
    }

    private static ErrorRecord IsFolder(DrivePath path) => ErrorRecords.Create(
        "PathIsFolder", ErrorCategory.InvalidType, path.Name, $"'{path.Shown}' is a folder, and has no content.",
        "Give the path of a file.");
}
