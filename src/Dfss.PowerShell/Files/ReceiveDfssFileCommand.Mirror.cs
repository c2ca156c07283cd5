using System.Management.Automation;

namespace Dfss.Commands;

/// <content>-Mirror.</content>
public sealed partial class ReceiveDfssFileCommand
{
    /// <inheritdoc/>
    private protected override ErrorRecord? FindJobObstacle() => Mirror && !PlanOnly
        ? MirrorRemoval.FindJobObstacle(Bound)
        : null;

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
        ErrorRecord? obstacle = mirror.FindObstacle(source, mirrored.FindEmpty());
        if (obstacle is null && mirrored.FindLack() is { } lack)
        {
            obstacle = MirrorRemoval.CreateIncomplete(source, $"not all that is stored is known ({lack})");
        }

        IReadOnlyList<string>? surplus =
            obstacle is null ? mirrored.FindSurplus(destination, cancellationToken) : [];
        if (surplus is null)
        {
            obstacle = MirrorRemoval.CreateIncomplete(source, $"not all of '{destination}' can be read");
        }

        if (obstacle is not null)
        {
            await WriteErrorAsync(obstacle).ConfigureAwait(false);
        }
        else if (PlanOnly)
        {
            foreach (string path in surplus!)
            {
                await WriteObjectAsync(CreateRemovalPlan(path, destination)).ConfigureAwait(false);
            }
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

    /// <inheritdoc/>
    private protected override void NoteLack(string reason) => mirrored?.NoteLack(reason);

    /// <summary>The user must have named the folder: it is where files are deleted.</summary>
    private void CheckMirrored(ReceiveDestination? destination)
    {
        if (!isDestinationFixed || destination is null)
        {
            throw MirrorRemoval.Refuse(
                "needs -Destination: it removes files there", "Give -Destination, for example ./photos/.");
        }

        if (!destination.IsFolder)
        {
            throw MirrorRemoval.Refuse(
                $"needs a folder, and '{destination.Path}' is none", "End -Destination with '/'.");
        }

        string root = OperatingSystem.IsWindows() ? Path.GetPathRoot(Environment.SystemDirectory)! : "/";
        if (string.Equals(destination.Path, root, StringComparison.OrdinalIgnoreCase))
        {
            throw MirrorRemoval.Refuse(
                $"would remove files in all of '{root}'", "Give -Destination, for example ./photos/.");
        }
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
            TakeVerbose($"Removed '{path}'.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await WriteErrorAsync(ErrorRecords.Create(
                new DfssException(
                    DfssErrorCode.DestinationUnwritable, $"'{path}' cannot be removed: {exception.Message}", exception),
                path)).ConfigureAwait(false);
            return;
        }

        RemoveEmptyFolders(path, destination);
    }

    /// <summary>A folder that stays is no failure: it may be in use, or another program makes a file in it.</summary>
    private void RemoveEmptyFolders(string path, string destination)
    {
        try
        {
            for (string folderPath = Path.GetDirectoryName(path)!;
                folderPath.Length > destination.Length && !Directory.EnumerateFileSystemEntries(folderPath).Any();
                folderPath = Path.GetDirectoryName(folderPath)!)
            {
                Directory.Delete(folderPath);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TakeVerbose($"The folder of '{path}' stays: {exception.Message}");
        }
    }
}
