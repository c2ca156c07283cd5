using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// Makes the folders of one source at the target: each with its own mode, before anything in it, and only when it is
/// needed.
/// </summary>
internal sealed class FolderMaker(ItemCopier copier, string target, CancellationToken cancellationToken)
{
    private readonly Dictionary<string, Lazy<Task>> folders = new(StringComparer.Ordinal);

    /// <summary>Takes a folder of the source; those above it were taken before.</summary>
    internal void Add(string name, int? unixMode)
    {
        Lazy<Task>? parent = FindParent(name);
        folders[name] = new Lazy<Task>(() => MakeAsync(parent, name, unixMode));
    }

    /// <summary>What makes a folder.</summary>
    internal Lazy<Task> Find(string name) => folders[name];

    /// <summary>What makes the folder that an item is in; null for one that is there.</summary>
    internal Lazy<Task>? FindParent(string name) =>
        name.LastIndexOf('/') is >= 0 and int end
            ? folders.GetValueOrDefault(name[..end])
            : name.Length > 0 ? folders.GetValueOrDefault(string.Empty) : null;

    private async Task MakeAsync(Lazy<Task>? parent, string name, int? unixMode)
    {
        if (parent is not null)
        {
            await parent.Value.ConfigureAwait(false);
        }

        await copier.MakeFolderAsync(target, name, unixMode, cancellationToken).ConfigureAwait(false);
    }
}
