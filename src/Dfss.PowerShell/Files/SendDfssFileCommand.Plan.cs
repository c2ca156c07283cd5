using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>-PlanOnly and -WhatIf: what would be sent.</content>
public sealed partial class SendDfssFileCommand
{
    /// <summary>Asks the peers, and gives the action that writes what they have said.</summary>
    private async Task<Action> PlanAsync(
        LocalFile file, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        string stored = hidden?.Hide(file.Name) ?? file.Name;
        string? link = PlanText.FindLinkTarget(file.Path);
        if (!PlanOnly)
        {
            string action = await DescribePlanAsync(file, stored, link, progress, cancellationToken)
                .ConfigureAwait(false);
            return Files.PassOver(file.Length, () => ShouldProcess(file.Path, action));
        }

        try
        {
            TransferPlan plan = await Client.PlanSendAsync(
                file.Path, stored, options, progress, cancellationToken).ConfigureAwait(false);
            var result = new DfssTransferPlan(DfssTransferAction.Send, file.Name, stored, plan)
            {
                LocalPath = file.Path,
                LinkTarget = link,
            };
            return Files.PassOver(file.Length, () => WriteObject(result));
        }
        catch (DfssException exception)
        {
            throw FileWork.Tell(exception, stored, file.Name);
        }
    }

    /// <summary>What cannot be found out would fail, and is said as such.</summary>
    private async Task<string> DescribePlanAsync(
        LocalFile file, string stored, string? link, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string source = link is null ? string.Empty : $"'{link}', ";
        string send = $"Send {source}{ByteSize.ToText(file.Length)} as '{file.Name}'";
        try
        {
            TransferPlan plan = await Client.PlanSendAsync(
                file.Path, stored, options, progress, cancellationToken).ConfigureAwait(false);
            return $"{send}: {PlanText.Describe(plan, isSend: true)}"
                .Replace(stored, file.Name, StringComparison.Ordinal);
        }
        catch (DfssException exception)
        {
            return send + PlanText.Fail(FileWork.Tell(exception, stored, file.Name).Reason);
        }
    }

    private static DfssTransferPlan CreateUnchangedPlan(LocalFile file, StoredFile same) => new(
        DfssTransferAction.Skip, file.Name, same.Record.Name, PlanText.CreateIdle(same, saved: file.Length))
    {
        LocalPath = file.Path,
        LinkTarget = PlanText.FindLinkTarget(file.Path),
    };

    private static DfssTransferPlan CreateRemovalPlan(StoredFile file) => new(
        DfssTransferAction.Remove, file.Name, file.Record.Name, PlanText.CreateIdle(file, saved: 0));
}
