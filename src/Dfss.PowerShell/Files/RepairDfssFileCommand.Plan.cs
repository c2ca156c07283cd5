using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>-PlanOnly: what would be copied where.</content>
public sealed partial class RepairDfssFileCommand
{
    private async Task<Action> PlanAsync(
        StoredFile file, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        RepairPlan? found = null;
        RepairOptions options = CreateRepairOptions() with
        {
            Confirm = (plan, _) =>
            {
                found = plan;
                return Task.FromResult(false);
            },
        };
        RepairResult result =
            await Client.RepairAsync(file, options, progress, cancellationToken).ConfigureAwait(false);
        FileRecord record = result.File.Record;
        IReadOnlyList<HomeMember> home = found?.MoveTo ?? record.Home;
        int copies = Math.Min(Replicas ?? record.Replicas, home.Count);
        long bytes = found?.Bytes ?? 0;
        var plan = new TransferPlan(
            record.ContentLength, bytes, SavedBytes: Math.Max(0, (record.Length * copies) - bytes), copies)
        {
            Peers = [.. (found?.Copies.Keys ?? []).Select(member => new PeerShare(member, Bytes: 0))],
            Problem = found?.LostChunks > 0 ? $"{DescribeLost(found)}." : null,
        };
        DfssTransferAction action = found is null ? DfssTransferAction.Skip
            : found.MoveTo is null ? DfssTransferAction.Repair : DfssTransferAction.Move;
        var written = new DfssTransferPlan(action, file.Name, record.Name, plan);
        return Files.PassOver(file.Record.ContentLength, () => WriteObject(written));
    }
}
