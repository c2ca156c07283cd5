using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>-Mirror.</content>
public sealed partial class SendDfssFileCommand
{
    /// <inheritdoc/>
    private protected override void CheckFolder(WalkedFolder folder)
    {
        if (Mirror && folder.Prefix.Length == 0)
        {
            throw MirrorRemoval.Refuse(
                $"would remove all stored files that are not in '{folder.Path}'",
                "Give -Prefix, a folder in the store.");
        }
    }

    /// <inheritdoc/>
    private protected override ErrorRecord? FindJobObstacle() => Mirror && !PlanOnly
        ? MirrorRemoval.FindJobObstacle(Bound)
        : null;

    /// <inheritdoc/>
    private protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        await base.EndAsync(cancellationToken).ConfigureAwait(false);
        if (!Mirror)
        {
            return;
        }

        var mirror = new MirrorRemoval(this);
        string source = string.Join(", ", Walked.Select(folder => folder.Path));
        ErrorRecord? obstacle = mirror.FindObstacle(
            source, Walked.FirstOrDefault(folder => !folder.HasFile)?.Path);
        if (obstacle is null && Walked.Count == 0)
        {
            obstacle = MirrorRemoval.Refuse("needs a folder", "Give -Recurse and a folder.").Error;
        }

        if (obstacle is not null)
        {
            await WriteErrorAsync(obstacle).ConfigureAwait(false);
            return;
        }

        var surplus = new List<StoredFile>();
        await foreach (StoredFile file in FindOnlyStoredAsync(
            hidden is null ? null : [hidden], cancellationToken).ConfigureAwait(false))
        {
            surplus.Add(file);
        }

        if (PlanOnly)
        {
            foreach (StoredFile file in surplus)
            {
                await WriteObjectAsync(CreateRemovalPlan(file)).ConfigureAwait(false);
            }
        }
        else if (await mirror.AskAsync([.. surplus.Select(file => file.Name)], "from the store").ConfigureAwait(false))
        {
            await RemoveAsync(surplus, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RemoveAsync(IReadOnlyList<StoredFile> surplus, CancellationToken cancellationToken)
    {
        var pump = new FilePump(this, "Removing", FilePump.SmallFilesAtOnce, TimeProvider.System);
        await using (pump.ConfigureAwait(false))
        {
            await pump.BeginAsync().ConfigureAwait(false);
            foreach (StoredFile file in surplus)
            {
                string action = FormattableString.Invariant(
                    $"Remove version {file.Record.Version}, {ByteSize.ToText(file.Record.ContentLength)}");
                if (await ShouldProcessAsync(file.Name, action).ConfigureAwait(false))
                {
                    await pump.EnqueueChangeAsync(
                        file, "Removed", passesThru: false,
                        token => Client.RemoveAsync(file, RemoveOptions.Default, token),
                        cancellationToken).ConfigureAwait(false);
                }
            }

            await pump.EndAsync(_ => Task.CompletedTask, cancellationToken).ConfigureAwait(false);
        }
    }
}
