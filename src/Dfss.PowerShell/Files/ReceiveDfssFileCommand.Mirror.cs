using System.Management.Automation;

namespace Dfss.Commands;

/// <content>-Mirror.</content>
public sealed partial class ReceiveDfssFileCommand
{
    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        await base.EndAsync(cancellationToken).ConfigureAwait(false);
        if (mirrored is null)
        {
            return;
        }

        var mirror = new MirrorRemoval(this);
        string source = string.Join(", ", Name);
        string destination = common!.Path;
        ErrorRecord? obstacle = mirror.FindObstacle(source, mirrored.Count)
            ?? await FindSilentPeerAsync(source, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string>? surplus = obstacle is null ? mirrored.FindSurplus(destination, IgnoresCase) : [];
        if (surplus is null)
        {
            obstacle = MirrorRemoval.CreateIncomplete(source, $"not all of '{destination}' can be read");
        }

        if (obstacle is not null)
        {
            await WriteErrorAsync(obstacle).ConfigureAwait(false);
        }
        else if (await mirror.AskAsync(surplus!, "from this machine").ConfigureAwait(false))
        {
            foreach (string path in surplus!)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await RemoveAsync(path, destination).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A peer that does not answer may have names that no other one lists.</summary>
    private async Task<ErrorRecord?> FindSilentPeerAsync(string source, CancellationToken cancellationToken)
    {
        if (!mirrored!.AreCurrent)
        {
            return MirrorRemoval.CreateIncomplete(source, "fewer than a majority of a file's peers answered");
        }

        foreach (PeerAddress peer in Client.Peers)
        {
            try
            {
                await Client.GetPeerInfoAsync(peer, cancellationToken).ConfigureAwait(false);
            }
            catch (DfssException exception)
            {
                return MirrorRemoval.CreateIncomplete(
                    source, $"{peer} may have files that the other peers do not list, and does not answer "
                        + $"({exception.Code})");
            }
        }

        return null;
    }

    private async Task RemoveAsync(string path, string destination)
    {
        if (!await ShouldProcessAsync(path, "Remove the file, which is not stored").ConfigureAwait(false))
        {
            return;
        }

        try
        {
            File.Delete(path);
            for (string folderPath = Path.GetDirectoryName(path)!;
                folderPath.Length > destination.Length && !Directory.EnumerateFileSystemEntries(folderPath).Any();
                folderPath = Path.GetDirectoryName(folderPath)!)
            {
                Directory.Delete(folderPath);
            }

            TakeVerbose($"Removed '{path}'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be removed: {exception.Message}", exception),
                path)).ConfigureAwait(false);
        }
    }
}
