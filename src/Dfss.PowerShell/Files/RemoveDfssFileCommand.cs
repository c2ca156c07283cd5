using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Removes stored files. Their chunks go when the peers next collect their garbage, unless other files have them too.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(DfssFileInfo))]
public sealed class RemoveDfssFileCommand : RecordCmdlet
{
    private RemoveOptions options = RemoveOptions.Default;

    /// <summary>Removes a file at any version.</summary>
    [Parameter(HelpMessage = "Removes a file at any version.")]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    private protected override string Activity => "Removing";

    /// <inheritdoc/>
    private protected override string Done => "Removed";

    /// <inheritdoc/>
    private protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        options = new RemoveOptions { Force = Force };
        return base.BeginAsync(cancellationToken);
    }

    /// <inheritdoc/>
    private protected override async Task TakeFileAsync(StoredFile file, CancellationToken cancellationToken)
    {
        string action = FormattableString.Invariant(
            $"Remove version {file.Record.Version}, {ByteSize.ToText(file.Record.ContentLength)}");
        if (await ShouldProcessAsync(file.Name, action).ConfigureAwait(false))
        {
            await EnqueueChangeAsync(
                file, token => Client.RemoveAsync(file, options, token), cancellationToken).ConfigureAwait(false);
        }
    }
}
