using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>The parameters that Get-ChildItem has on a drive of stored files, as it has them on a disk.</summary>
public sealed class DriveChildParameters
{
    /// <summary>Only files.</summary>
    [Parameter(HelpMessage = "Only files.")]
    public SwitchParameter File { get; set; }

    /// <summary>Only folders.</summary>
    [Parameter(HelpMessage = "Only folders.")]
    [Alias("ad")]
    public SwitchParameter Directory { get; set; }

    /// <summary>Whether an entry of a listing is wanted. A name may be a file and a folder at once.</summary>
    /// <param name="given">The parameters that the engine has bound; not of this class in other commands.</param>
    /// <param name="isFile">Whether it is a file.</param>
    /// <param name="isFolder">Whether it is a folder.</param>
    internal static bool IsWanted(object? given, bool isFile, bool isFolder) => given is not DriveChildParameters wanted
        || ((!wanted.File || isFile) && (!wanted.Directory || isFolder));
}
