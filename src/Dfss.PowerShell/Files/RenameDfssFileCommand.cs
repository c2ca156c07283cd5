using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Gives stored files other names. No chunk is moved.</summary>
[Cmdlet(VerbsCommon.Rename, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RenameDfssFileCommand : RecordCmdlet
{
    // Which file each new name is for in this command: of two, the first is to have it, whichever is done first.
    private readonly Dictionary<string, string> filesByNewName = new(StringComparer.Ordinal);

    // Then whether the new name is free is looked up, which else a rename finds out.
    private bool isWhatIf;

    /// <summary>The new name; from the pipeline by property, or a script block that makes it from each object.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true,
        HelpMessage = "The new name in the store.")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string NewName { get; set; } = string.Empty;

    /// <inheritdoc/>
    private protected override string Activity => "Renaming";

    /// <inheritdoc/>
    private protected override string Done => "Renamed to";

    /// <inheritdoc/>
    private protected override async Task BeginAsync(CancellationToken cancellationToken)
    {
        isWhatIf = await InvokeAsync(IsWhatIf).ConfigureAwait(false);
        await base.BeginAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    private protected override async Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string name = file.Record.Name;
        string newName = NewName;
        string action = $"Rename to '{newName}'";
        if (isWhatIf && await FindRefusalAsync(file, newName, cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            action += $", which would fail: {refusal}";
        }

        if (!await ShouldProcessAsync(name, action).ConfigureAwait(false))
        {
            return;
        }

        if (!filesByNewName.TryAdd(newName, name))
        {
            await WriteErrorAsync(ErrorRecords.Create(
                "NameUsedTwice", ErrorCategory.InvalidArgument, name,
                $"'{name}' and '{filesByNewName[newName]}' would both be '{newName}' in the store.",
                "Give each its own -NewName.")).ConfigureAwait(false);
            return;
        }

        await EnqueueChangeAsync(
            file, token => Client.RenameAsync(file, newName, token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Why the name could not be given, as far as reading shows; null where it could.</summary>
    private async Task<string?> FindRefusalAsync(StoredFile file, string newName, CancellationToken cancellationToken)
    {
        try
        {
            return await Client.IsNameTakenAsync(file, newName, cancellationToken).ConfigureAwait(false)
                ? $"'{newName}' exists"
                : null;
        }
        catch (DfssException exception)
        {
            return exception.Reason.TrimEnd('.');
        }
    }
}
