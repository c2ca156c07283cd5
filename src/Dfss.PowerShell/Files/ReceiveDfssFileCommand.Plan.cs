using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>-PlanOnly and -WhatIf: what would be received.</content>
public sealed partial class ReceiveDfssFileCommand
{
    /// <summary>Asks the peers, and gives the action that writes what they have said.</summary>
    private async Task<Action> PlanAsync(
        StoredFile file, string path, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        long length = file.Record.ContentLength;
        if (!PlanOnly)
        {
            string action = await DescribePlanAsync(file, path, progress, cancellationToken).ConfigureAwait(false);
            return Files.PassOver(length, () => ShouldProcess(path, action));
        }

        TransferPlan plan = await Client.PlanReceiveAsync(
            file, path, options, progress, cancellationToken).ConfigureAwait(false);
        var result = new DfssTransferPlan(DfssTransferAction.Receive, file.Name, file.Record.Name, plan)
        {
            LocalPath = path,
            LinkTarget = PlanText.FindLinkTarget(path),
        };
        return Files.PassOver(length, () => WriteObject(result));
    }

    /// <summary>What cannot be found out would fail, and is said as such.</summary>
    private async Task<string> DescribePlanAsync(
        StoredFile file, string path, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        string? link = PlanText.FindLinkTarget(path);
        string receive = Describe(file) + (link is null ? string.Empty : $", to '{link}'");
        try
        {
            TransferPlan plan = await Client.PlanReceiveAsync(
                file, path, options, progress, cancellationToken).ConfigureAwait(false);
            return $"{receive}: {PlanText.Describe(plan, isSend: false)}"
                .Replace(file.Record.Name, file.Name, StringComparison.Ordinal);
        }
        catch (DfssException exception)
        {
            return receive + PlanText.Fail(FileWork.Tell(exception, file.Record.Name, file.Name).Reason);
        }
    }

    private static DfssTransferPlan CreateUnchangedPlan(StoredFile file, string path) => new(
        DfssTransferAction.Skip, file.Name, file.Record.Name,
        PlanText.CreateIdle(file, saved: file.Record.ContentLength))
    {
        LocalPath = path,
        LinkTarget = PlanText.FindLinkTarget(path),
    };

    /// <summary>A local file that is not stored: it has no peers.</summary>
    private static DfssTransferPlan CreateRemovalPlan(string path, string destination)
    {
        string name = Path.GetRelativePath(destination, path).Replace(Path.DirectorySeparatorChar, '/');
        var plan = new TransferPlan(new FileInfo(path).Length, MovedBytes: 0, SavedBytes: 0, Copies: 0);
        return new DfssTransferPlan(DfssTransferAction.Remove, name, name, plan) { LocalPath = path };
    }
}
