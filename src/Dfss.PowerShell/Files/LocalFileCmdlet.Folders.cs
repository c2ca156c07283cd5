using System.Management.Automation;
using System.Runtime.CompilerServices;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>Folders.</content>
public abstract partial class LocalFileCmdlet
{
    private FolderInput? folders;

    /// <summary>Takes all files below each folder.</summary>
    [Parameter(HelpMessage = "Takes all files below each folder.")]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Takes only files with one of these names; wildcards are expanded, without case.</summary>
    [Parameter(HelpMessage = "Takes only files that match one of these patterns, for example *.jpg.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Include { get; set; } = [];

    /// <summary>Leaves out files and folders with these names; wildcards are expanded, without case.</summary>
    [Parameter(HelpMessage = "Leaves out files and folders that match one of these patterns, for example *.tmp.")]
    [TextArgument]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(NoCompletion))]
    public string[] Exclude { get; set; } = [];

    /// <summary>Follows links to folders below a folder.</summary>
    [Parameter(HelpMessage = "With -Recurse: follows links to folders.")]
    public SwitchParameter FollowSymlink { get; set; }

    /// <summary>
    /// A folder in the store: what the names begin with. It takes the place of the own name of a folder that is given
    /// by its path.
    /// </summary>
    [Parameter(HelpMessage = "A folder in the store, which the names begin with.")]
    [TextArgument]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(FolderCompletion))]
    public string? Prefix { get; set; }

    /// <summary>The folders that were walked through.</summary>
    private protected IReadOnlyList<WalkedFolder> Walked => folders!.Walked;

    /// <summary>Checks a folder before any file below it is taken.</summary>
    /// <exception cref="CmdletException">The command does not take it.</exception>
    private protected virtual void CheckFolder(WalkedFolder folder)
    {
    }

    private async Task TakeFolderAsync(GivenPath given, CancellationToken cancellationToken)
    {
        if (!Recurse && given.IsFromPipeline)
        {
            await WriteVerboseAsync($"'{given.Path}' is a folder, and is passed over.").ConfigureAwait(false);
            return;
        }

        if (!Recurse)
        {
            await WriteErrorAsync(FolderInput.CreateIsFolder(given.Path)).ConfigureAwait(false);
            return;
        }

        IEnumerable<FolderItem> items = folders!.Walk(given, cancellationToken);
        if (folders.Walked.Count > 0)
        {
            CheckFolder(folders.Walked[^1]);
        }

        foreach (FolderItem item in items)
        {
            if (item.Error is not null)
            {
                await WriteErrorAsync(item.Error).ConfigureAwait(false);
            }
            else if (item.Warning is not null)
            {
                await WriteWarningAsync(item.Warning).ConfigureAwait(false);
            }
            else if (item.Verbose is not null)
            {
                await WriteVerboseAsync(item.Verbose).ConfigureAwait(false);
            }
            else
            {
                await TakeFileAsync(
                    item.Path, item.BaseFolder, givenName: null, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// The stored files that have the names of files below the folders that were walked through, where there are no
    /// such local files.
    /// </summary>
    /// <param name="hiddenNames">The keys of hidden names; null if names are not hidden.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    private protected async IAsyncEnumerable<StoredFile> FindOnlyStoredAsync(
        IReadOnlyList<HiddenNames>? hiddenNames, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (WalkedFolder walked in folders!.Walked)
        {
            var query = new NameQuery($"{WildcardPattern.Escape(walked.Prefix)}*", isLiteral: false, hiddenNames);
            await foreach (StoredFile file in query.FindAsync(
                Client, lacks: null, cancellationToken).ConfigureAwait(false))
            {
                if (!sourcesByName.ContainsKey(file.Name) && folders.IsOnlyStored(walked, file.Name)
                    && found.Add(file.Name))
                {
                    yield return file;
                }
            }
        }
    }
}
