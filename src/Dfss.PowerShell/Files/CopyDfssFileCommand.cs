using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>Copies stored files to other names at the same peers. No chunk is moved.</summary>
[Cmdlet(VerbsCommon.Copy, "DfssFile", DefaultParameterSetName = NameSet, SupportsShouldProcess = true)]
[OutputType(typeof(DfssFileInfo))]
public sealed class CopyDfssFileCommand : NewNameCmdlet
{
    /// <summary>An earlier version of each file that is kept, instead of the current one.</summary>
    [Parameter(HelpMessage = "An earlier version of each file, in place of the one it is at.")]
    [ValidateRange(1, long.MaxValue)]
    [ArgumentCompleter(typeof(VersionCompletion))]
    public long? Version { get; set; }

    /// <summary>Replaces a file that has the new name.</summary>
    [Parameter(HelpMessage = "Replaces a file that has the new name.")]
    public SwitchParameter Force { get; set; }

    /// <summary>How many earlier versions of a file that is replaced are kept.</summary>
    [Parameter(HelpMessage = "How many earlier versions of a file that is replaced are kept (0-64).")]
    [ValidateRange(0, DfssLimits.MaxPreviousVersions)]
    [ArgumentCompleter(typeof(NoCompletion))]
    public int KeepVersions { get; set; } = SendOptions.DefaultKeepVersions;

    /// <inheritdoc/>
    private protected override string Activity => "Copying";

    /// <inheritdoc/>
    private protected override string NothingDone => "Nothing was copied.";

    /// <inheritdoc/>
    private protected override string Done => "Copied to";

    /// <inheritdoc/>
    private protected override bool Replaces => Force;

    /// <inheritdoc/>
    private protected override string Describe(StoredFile file, string newName) => Version is long version
        ? FormattableString.Invariant($"Copy version {version} to '{newName}'")
        : $"Copy to '{newName}'";

    /// <inheritdoc/>
    private protected override Task<StoredFile> ChangeAsync(
        StoredFile file, string storedName, CancellationToken cancellationToken) => Client.CopyAsync(
            Version is long version ? file.AtVersion(version) : file,
            storedName,
            new CopyOptions { Force = Force, KeepVersions = KeepVersions },
            cancellationToken);
}
