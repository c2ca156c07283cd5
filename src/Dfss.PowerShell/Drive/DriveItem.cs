using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>What a name of a drive is.</summary>
/// <param name="File">The file of this name; null if there is none.</param>
/// <param name="IsFolder">Whether names begin with it and '/'.</param>
/// <param name="Lack">Why the peers that were asked may not have told all; null where they have.</param>
internal sealed record DriveItem(StoredFile? File, bool IsFolder, string? Lack = null)
{
    internal bool Exists => File is not null || IsFolder;
}
