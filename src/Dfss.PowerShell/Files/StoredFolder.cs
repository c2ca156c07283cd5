using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>-RelativeTo and -Flatten of a receive: which part of a stored name becomes the path.</summary>
internal sealed class StoredFolder
{
    private readonly string? folder;
    private readonly bool isFlat;

    /// <summary>Makes the rule.</summary>
    /// <param name="relativeTo">The folder in the store; null if names are not stripped.</param>
    /// <param name="isFlat">Whether only the last part of a name counts.</param>
    /// <exception cref="CmdletException">They exclude each other.</exception>
    /// <exception cref="DfssException">InvalidName.</exception>
    internal StoredFolder(string? relativeTo, bool isFlat)
    {
        if (relativeTo is not null && isFlat)
        {
            throw new CmdletException(ErrorRecords.Create(
                "FlattenAndRelativeTo", ErrorCategory.InvalidArgument, relativeTo,
                "-Flatten and -RelativeTo exclude each other.", "Give one of them."));
        }

        folder = relativeTo is null ? null : FileName.Normalize(relativeTo.TrimEnd('/')) + '/';
        this.isFlat = isFlat;
    }

    /// <summary>Whether the destination is a folder in any case.</summary>
    internal bool NeedsFolder => isFlat || folder is not null;

    /// <summary>The part of a name that becomes the path below the destination; null if it is not below the folder.
    /// </summary>
    internal string? Strip(string name) => isFlat ? name[(name.LastIndexOf('/') + 1)..]
        : folder is null ? name
        : name.StartsWith(folder, StringComparison.Ordinal) ? name[folder.Length..]
        : null;

    /// <summary>The name that a path below the destination would have in the store; not for flat names.</summary>
    internal string Restore(string relative) => folder + relative;

    /// <summary>The error of a file that is not below the folder.</summary>
    internal ErrorRecord CreateOutside(string name) => ErrorRecords.Create(
        "NameOutsideRelativeTo", ErrorCategory.InvalidArgument, name, $"'{name}' is not below '{folder}'.",
        "Give a -RelativeTo that all names begin with; names are case-sensitive.");
}
