using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <content>Receives that end early, and those that go on.</content>
public sealed partial class ResumeTests
{
    [Fact]
    public async Task What_is_no_part_of_ours_keeps_its_mode_and_one_of_ours_becomes_its_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such modes there.");
        const UnixFileMode Shared =
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        await File.WriteAllTextAsync(Part, "mine", Token);
        File.SetUnixFileMode(Part, Shared);
        ReceivedFile.Forget(file.Destination, file.File.Record);
        Assert.Equal(("mine", Shared), (await File.ReadAllTextAsync(Part, Token), File.GetUnixFileMode(Part)));

        // The same file under another name, which shows its mode when this one is replaced.
        string other = file.Destination + ".other";
        SystemTool.Run("ln", [Part, other]);
        int[] had = await EndEarlyAsync(other);
        Assert.Equal(("mine", Shared), (await File.ReadAllTextAsync(other, Token), File.GetUnixFileMode(other)));

        File.SetUnixFileMode(Part, Shared);
        using (ReceivedFile again = ReceivedFile.Open(file.Destination, file.File.Record, ReceiveOptions.Default))
        {
            Assert.Equal(had, again.Claimed);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Part));
        }
    }

    /// <summary>Receives until some chunks are there, and is cancelled.</summary>
    private async Task<int[]> EndEarlyAsync(params string[] others)
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
        byte[] bits =
            (await File.ReadAllBytesAsync(
                Directory.GetFiles(file.Folder).Except(others).Single(), Token))[^(Chunks / 8)..];
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
