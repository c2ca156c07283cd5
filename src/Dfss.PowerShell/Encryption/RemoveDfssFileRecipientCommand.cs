using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Removes recipients from encrypted files. It revokes nothing: a recipient who could read a file may have kept it, or
/// its key.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "DfssFileRecipient", DefaultParameterSetName = NameSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RemoveDfssFileRecipientCommand : StoredFileCmdlet
{
    /// <summary>The key ids of the recipients, as Get-DfssFileInfo shows them in Recipients.</summary>
    [Parameter(Mandatory = true, Position = 1, HelpMessage = "Key ids, as Get-DfssFileInfo shows them in Recipients.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] KeyId { get; set; } = [];

    /// <summary>
    /// Files that are changed at one moment. 256: the most, as each costs only a few small questions.
    /// </summary>
    [Parameter(HelpMessage = "Files that are changed at one moment (1-256).")]
    [ValidateRange(1, FilePump.SmallFilesAtOnce)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public override int ThrottleLimit { get; set; } = FilePump.SmallFilesAtOnce;

    /// <summary>Gives what was changed.</summary>
    [Parameter(HelpMessage = "Returns the changed files.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected override bool ChangesNamesAlone => true;

    /// <inheritdoc/>
    private protected override bool TakesEarlierVersions => false;

    /// <inheritdoc/>
    private protected override string Activity => "Removing recipients";

    /// <inheritdoc/>
    private protected override async Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        if (await ShouldProcessAsync(file.Name, $"Leave out {string.Join(", ", KeyId)}").ConfigureAwait(false))
        {
            await Files.EnqueueChangeAsync(
                file, "Removed recipients of", PassThru, token => Client.RemoveRecipientsAsync(file, KeyId, token),
                cancellationToken).ConfigureAwait(false);
        }
    }
}
