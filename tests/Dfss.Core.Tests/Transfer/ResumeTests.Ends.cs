using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <content>Receives that end early, and those that go on.</content>
public sealed partial class ResumeTests
{
    /// <summary>Receives until some chunks are there, and is cancelled.</summary>
    private async Task<int[]> EndEarlyAsync()
    {
        using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes >= 8 * HeldFile.ChunkSize)
            {
                cancel.Cancel();
            }
        });
        await using (DfssClient client = file.CreateClient())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => client.ReceiveAsync(file.File, file.Destination, ReceiveOptions.Default, progress, cancel.Token));
        }

        // What it asked for last may arrive there after it has ended.
        await Holder.WhenDeserted;
        Assert.False(File.Exists(file.Destination));
        byte[] bits = (await File.ReadAllBytesAsync(Directory.GetFiles(file.Folder).Single(), Token))[^(Chunks / 8)..];
        Holder.Asked.Clear();
        return [.. Enumerable.Range(0, Chunks).Where(index => (bits[index / 8] & (1 << (index % 8))) != 0)];
    }

    private async Task<List<TransferPhase>> ReceiveAsync(ReceiveOptions? options = null)
    {
        List<TransferPhase> phases = [];
        CallbackProgress progress = new(state =>
        {
            lock (phases)
            {
                phases.Add(state.Phase);
            }
        });
        await using DfssClient client = file.CreateClient();
        await client.ReceiveAsync(
            file.File, file.Destination, (options ?? ReceiveOptions.Default) with { Force = true }, progress, Token);
        await file.AssertReceivedAsync();
        return [.. phases.Distinct()];
    }

    private void AssertFetched(IEnumerable<int> chunks) => Assert.Equal(
        chunks.Select(index => file.ChunkIds[index].ToString()).Order(StringComparer.Ordinal),
        Holder.Asked.Where(id => id != file.ManifestId).Select(id => id.ToString()).Order(StringComparer.Ordinal));
}
