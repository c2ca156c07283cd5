using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Gives stored files other names. No chunk is moved.</summary>
[Cmdlet(VerbsCommon.Rename, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RenameDfssFileCommand : NewNameCmdlet
{
    /// <inheritdoc/>
    private protected override string Activity => "Renaming";

    /// <inheritdoc/>
    private protected override string NothingDone => "Nothing was renamed.";

    /// <inheritdoc/>
    private protected override string Done => "Renamed to";

    /// <inheritdoc/>
    private protected override string Describe(StoredFile file, string newName) => $"Rename to '{newName}'";

    /// <inheritdoc/>
    private protected override async Task<StoredFile> ChangeAsync(
        StoredFile file, string storedName, CancellationToken cancellationToken)
    {
        StoredFile renamed = await Client.RenameAsync(file, storedName, cancellationToken).ConfigureAwait(false);
        Forget(file);
        return renamed;
    }
}
