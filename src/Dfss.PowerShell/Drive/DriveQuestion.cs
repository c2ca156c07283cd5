using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>What a name of a drive is.</summary>
/// <param name="File">The file of this name; null if there is none.</param>
/// <param name="IsFolder">Whether names begin with it and '/'.</param>
/// <param name="IsSettled">Whether all peers were asked, and not only those that answer at once.</param>
internal sealed record DriveItem(StoredFile? File, bool IsFolder, bool IsSettled = true)
{
    internal bool Exists => File is not null || IsFolder;
}

/// <summary>Asks the peers of a drive what a name is.</summary>
/// <param name="client">The client.</param>
internal sealed class DriveQuestion(DfssClient client)
{
    /// <summary>Asks the peers what a name is.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isSettled">
    /// Whether the answer is for a change; else that of a peer which lists the name is enough where others are silent.
    /// </param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task<DriveItem> AskAsync(string name, bool isSettled, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<StoredFile?> asked = TryGetAsync(name, end.Token);
        Task<bool> hasBelow = HasBelowAsync(Below(name), end.Token);
        Task both = Task.WhenAll(asked, hasBelow);
        Task<DriveItem?> hedge = isSettled ? Task.FromResult<DriveItem?>(null) : HedgeAsync(name, end.Token);
        try
        {
            await Task.WhenAny(both, isSettled ? both : hedge).ConfigureAwait(false);
            if (!both.IsCompleted && await hedge.ConfigureAwait(false) is { } listed)
            {
                return listed;
            }

            await both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            bool isFolder = await hasBelow.ConfigureAwait(false);
            return new DriveItem(await OrUnknownAsync(asked, isFolder).ConfigureAwait(false), isFolder);
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(both, hedge)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What the peers list that answer, if some are silent; null if those list nothing.</summary>
    private async Task<DriveItem?> HedgeAsync(string name, CancellationToken cancellationToken)
    {
        await Task.Delay(DriveWait.Before, cancellationToken).ConfigureAwait(false);
        FoundName found = await client.ProbeAsync(name, cancellationToken).ConfigureAwait(false);
        var item = new DriveItem(found.File, found.HasBelow, IsSettled: false);
        return item.Exists ? item : null;
    }

    private static async Task<StoredFile?> OrUnknownAsync(Task<StoredFile?> asked, bool isFolder)
    {
        try
        {
            return await asked.ConfigureAwait(false);
        }
        catch (DfssException exception) when (isFolder && exception.Code == DfssErrorCode.NoMajority)
        {
            // That a name is a folder needs no vote: there are files below it.
            return null;
        }
    }

    /// <summary>The current file of a name; null if there is none.</summary>
    internal async Task<StoredFile?> TryGetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return FileName.TryNormalize(name, out string? normalized, out _)
                ? await client.GetAsync(normalized, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.FileNotFound)
        {
            return null;
        }
    }

    /// <summary>The beginning of the names below a folder.</summary>
    internal static string Below(string name) => name.Length == 0 ? name : name + '/';

    private async Task<bool> HasBelowAsync(string prefix, CancellationToken cancellationToken)
    {
        if (prefix.Length > 0 && !FileName.TryNormalize(prefix.TrimEnd('/'), out _, out _))
        {
            return false;
        }

        await foreach (StoredFile _ in client.ListAsync(prefix, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        return false;
    }
}
