using System.Diagnostics;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// A receive that ended early and is run again: what it had is verified and kept, and nothing else is trusted.
/// </summary>
public sealed partial class ResumeTests : IAsyncLifetime
{
    private const int Chunks = 24;

    private readonly HeldFile file = new(holders: 1, chunks: Chunks, replicas: 1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private FakeHolder Holder => file.Holders[0];

    private string Part => file.Destination + ".dfss-part";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => file.DisposeAsync();

    [Fact]
    public async Task Only_what_is_missing_is_fetched_and_nothing_is_left_beside_the_file()
    {
        int[] had = await EndEarlyAsync();
        Assert.InRange(had.Length, 1, Chunks - 1);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Part));
        }

        List<TransferPhase> phases = await ReceiveAsync();
        AssertFetched(Enumerable.Range(0, Chunks).Except(had));
        Assert.Equal(
            [TransferPhase.Negotiating, TransferPhase.Verifying, TransferPhase.Transferring, TransferPhase.Committing],
            phases);
        Assert.Equal([file.Destination], Directory.GetFileSystemEntries(file.Folder));
    }

    [Fact]
    public async Task A_chunk_that_is_corrupt_or_was_never_written_is_fetched_again_whatever_the_bits_say()
    {
        int[] had = await EndEarlyAsync();
        byte[] part = await File.ReadAllBytesAsync(Part, Token);
        part[(had[0] * HeldFile.ChunkSize) + 5] ^= 1;
        Array.Fill(part, (byte)0xff, part.Length - (Chunks / 8), Chunks / 8);
        await File.WriteAllBytesAsync(Part, part, Token);

        await ReceiveAsync();
        AssertFetched(Enumerable.Range(0, Chunks).Except(had.Skip(1)));
    }

    [Fact]
    public async Task Bits_that_were_lost_cost_their_chunks_only()
    {
        int[] had = await EndEarlyAsync();
        byte[] part = await File.ReadAllBytesAsync(Part, Token);
        Array.Clear(part, part.Length - (Chunks / 8), Chunks / 8);
        part[part.Length - (Chunks / 8) + (had[0] / 8)] = (byte)(1 << (had[0] % 8));
        await File.WriteAllBytesAsync(Part, part, Token);

        await ReceiveAsync();
        AssertFetched(Enumerable.Range(0, Chunks).Except(had.Take(1)));
    }

    [Theory]
    [InlineData(0, "another magic")]
    [InlineData(8, "another version")]
    [InlineData(12, "another chunk size")]
    [InlineData(16, "another length")]
    [InlineData(32, "another file id")]
    [InlineData(63, "another file id")]
    public async Task A_part_of_anything_else_is_started_over(int offset, string what)
    {
        await EndEarlyAsync();
        byte[] part = await File.ReadAllBytesAsync(Part, Token);
        part[(Chunks * HeldFile.ChunkSize) + offset] ^= 1;
        await File.WriteAllBytesAsync(Part, part, Token);
        await ReceiveAsync();
        Assert.True(Holder.Asked.Count == Chunks + 1, what);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData((Chunks * HeldFile.ChunkSize) - 1)]
    [InlineData((Chunks * HeldFile.ChunkSize) + 60)]
    [InlineData((Chunks * HeldFile.ChunkSize) + 66)]
    [InlineData((Chunks * HeldFile.ChunkSize) + 10_000)]
    public async Task A_part_of_another_length_is_started_over(int length)
    {
        await EndEarlyAsync();
        using (FileStream part = new(Part, FileMode.Open))
        {
            part.SetLength(length);
        }

        await ReceiveAsync();
        AssertFetched(Enumerable.Range(0, Chunks));
    }

    [Fact]
    public async Task Restart_forgets_what_was_there()
    {
        await EndEarlyAsync();
        await ReceiveAsync(new ReceiveOptions { Restart = true });
        AssertFetched(Enumerable.Range(0, Chunks));
    }

    [Fact]
    public async Task A_second_receive_of_the_same_destination_is_refused_as_in_use()
    {
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Holder.Before = (id, _) => id == file.ManifestId ? Task.CompletedTask : Hold();
        Task Hold()
        {
            held.TrySetResult();
            return release.Task;
        }

        await using DfssClient client = file.CreateClient();
        Task first = file.ReceiveAsync(client);
        await held.Task;
        await using DfssClient other = file.CreateClient();
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => file.ReceiveAsync(other));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        Assert.Contains(
            $"'{Part}' is in use: the same destination is received already.", error.Message, StringComparison.Ordinal);

        release.SetResult();
        await first;
    }

    [Fact]
    public async Task Another_process_that_receives_the_same_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The lock is written past, which is Unix's.");
        await EndEarlyAsync();
        using PartFile part = PartFile.Open(Part, file.File.Record, isSparse: true);
        RandomAccess.Write(part.Handle, [77, 0, 0, 0], file.File.Record.Length + 24);
        DfssException error = Assert.Throws<DfssException>(() => PartFile.Open(Part, file.File.Record, isSparse: true));
        Assert.Contains("process 77 receives the same destination", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("link")]
    [InlineData("dangling")]
    [InlineData("folder")]
    [InlineData("fifo")]
    public async Task What_is_no_file_of_ones_own_is_not_written_to(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links and FIFOs are Unix's.");
        string victim = Path.Combine(file.Folder, "victim");
        await File.WriteAllTextAsync(victim, "mine", Token);
        switch (kind)
        {
            case "link":
                File.CreateSymbolicLink(Part, victim);
                break;
            case "dangling":
                File.CreateSymbolicLink(Part, victim + "2");
                break;
            case "folder":
                Directory.CreateDirectory(Part);
                break;
            default:
                using (Process make = Process.Start("mkfifo", [Part]))
                {
                    await make.WaitForExitAsync(Token);
                }

                break;
        }

        await using DfssClient client = file.CreateClient();
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => file.ReceiveAsync(client));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        Assert.Contains($"'{Part}'", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(victim, Token));
        Assert.Equal([Part, victim], Directory.GetFileSystemEntries(file.Folder).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_receive_without_one_whole_chunk_leaves_nothing()
    {
        Holder.Before = (id, token) => id == file.ManifestId ? Task.CompletedTask : FakeHolder.Forever(id, token);
        using CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using DfssClient client = file.CreateClient();
        Task receive = client.ReceiveAsync(
            file.File, file.Destination, ReceiveOptions.Default, progress: null, cancel.Token);
        await HeldFile.UntilAsync(() => Holder.Asked.Count > 1);
        Assert.True(File.Exists(Part));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive);
        Assert.Empty(Directory.GetFileSystemEntries(file.Folder));
    }

    [Fact]
    public async Task A_destination_that_comes_up_meanwhile_is_not_replaced_and_with_Force_nothing_is_fetched_again()
    {
        await using DfssClient client = file.CreateClient();
        CallbackProgress progress = new(state =>
        {
            if (state.Phase == TransferPhase.Committing)
            {
                File.WriteAllText(file.Destination, "mine");
            }
        });
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.ReceiveAsync(file.File, file.Destination, ReceiveOptions.Default, progress, Token));
        Assert.Equal(DfssErrorCode.DestinationExists, error.Code);
        Assert.Equal("mine", await File.ReadAllTextAsync(file.Destination, Token));

        Holder.Asked.Clear();
        await ReceiveAsync();
        AssertFetched([]);
    }

    [Fact]
    public async Task A_part_that_is_replaced_meanwhile_does_not_come_under_the_destinations_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "An open file keeps its name there.");
        CallbackProgress progress = new(state =>
        {
            if (state.Phase == TransferPhase.Committing)
            {
                File.Delete(Part);
                File.WriteAllText(Part, "another program's");
            }
        });
        await using DfssClient client = file.CreateClient();
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.ReceiveAsync(file.File, file.Destination, ReceiveOptions.Default, progress, Token));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        Assert.False(File.Exists(file.Destination));
        Assert.Equal("another program's", await File.ReadAllTextAsync(Part, Token));
    }

    [Fact]
    public async Task A_destination_that_is_anothers_part_is_refused()
    {
        await using DfssClient client = file.CreateClient();
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.ReceiveAsync(file.File, Part, new ReceiveOptions { Force = true }, progress: null, Token));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        Assert.Empty(Directory.GetFileSystemEntries(file.Folder));
    }

    [Theory]
    [InlineData(243)]
    [InlineData(245)]
    [InlineData(246)]
    [InlineData(255)]
    public async Task A_long_name_is_gone_on_with_too(int length)
    {
        file.Destination = Path.Combine(file.Folder, new string('n', length));
        int[] had = await EndEarlyAsync();
        string part = Assert.Single(Directory.GetFiles(file.Folder));
        Assert.EndsWith(".dfss-part", part, StringComparison.Ordinal);
        await ReceiveAsync();
        AssertFetched(Enumerable.Range(0, Chunks).Except(had));
    }
}
