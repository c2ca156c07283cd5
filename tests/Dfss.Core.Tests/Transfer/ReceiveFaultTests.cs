using System.Diagnostics;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Receives and lists when something is not as it should be.</summary>
public sealed class ReceiveFaultTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;

    private static readonly TransferOptions FewAttempts =
        new() { MaxAttempts = 2, RetryDelay = TimeSpan.FromMilliseconds(1) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_holder_that_is_down_is_named_and_what_came_is_kept()
    {
        await using Cluster cluster = await Cluster.StartAsync(2, options: FewAttempts);
        string source = cluster.Folder.CreateFile("source", 6 * ChunkSize, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize, Replicas = 1 }, progress: null, Token);
        Directory.CreateDirectory(cluster.Folder["in"]);
        await cluster.Peers[1].StopAsync();

        // The second attempt comes when the other holder has given its chunks, also on a machine under load.
        await using DfssClient client = new(
            [cluster.Addresses[0]], FewAttempts with { RetryDelay = TimeSpan.FromMilliseconds(500) });
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => client.ReceiveAsync(sent, cluster.Folder["in", "x"], ReceiveOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.PeerUnreachable, error.Code);
        Assert.Contains(cluster.Addresses[1].ToString(), error.Message, StringComparison.Ordinal);
        Assert.Equal("Start that peer: no other has these chunks.", error.Advice);
        Assert.Equal([cluster.Folder["in", "x.dfss-part"]], Directory.GetFileSystemEntries(cluster.Folder["in"]));
    }

    [Fact]
    public async Task A_list_goes_on_without_a_peer_that_has_gone_and_says_so()
    {
        List<string> warnings = [];
        await using Cluster cluster = await Cluster.StartAsync(3, options: FewAttempts with { Warning = warnings.Add });
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        await cluster.Peers[2].StopAsync();

        List<StoredFile> files = [];
        await foreach (StoredFile file in cluster.Client.ListAsync(string.Empty, Token))
        {
            files.Add(file);
        }

        Assert.True(Assert.Single(files).IsCurrent);
        Assert.Contains(
            warnings, warning => warning.Contains(cluster.Addresses[2].ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_replaced_and_collected_since_it_was_described_is_reported_as_changed()
    {
        await using Cluster cluster = await Cluster.StartAsync(1, options: FewAttempts);
        string first = cluster.Folder.CreateFile("first", 1000, seed: 1);
        string second = cluster.Folder.CreateFile("second", 1000, seed: 2);
        StoredFile described = await cluster.Client.SendAsync(first, "x", SendOptions.Default, progress: null, Token);
        await cluster.Client.SendAsync(second, "x", new SendOptions { Force = true }, progress: null, Token);
        StoredFile gone = described with
        {
            Record = described.Record with { FileId = FileManifest.Create(1000, 1 << 20, [default]).FileId }
        };

        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.ReceiveAsync(
                gone, cluster.Folder["in"], ReceiveOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.FileChanged, error.Code);
    }

    [Fact]
    public async Task A_fifo_is_neither_sent_nor_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "FIFOs are Unix's.");
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        string fifo = cluster.Folder["fifo"];
        using (Process make = Process.Start("mkfifo", [fifo]))
        {
            await make.WaitForExitAsync(Token);
        }

        DfssException send = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.SendAsync(fifo, "fifo", SendOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.SourceUnreadable, send.Code);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        DfssException receive = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.ReceiveAsync(sent, fifo, new ReceiveOptions { Force = true }, progress: null, Token));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, receive.Code);
    }

    [Fact]
    public async Task A_link_is_written_through()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs a privilege there.");
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        string target = cluster.Folder.CreateFile("target", 3, seed: 2);
        File.CreateSymbolicLink(cluster.Folder["link"], target);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        await cluster.Client.ReceiveAsync(
            sent, cluster.Folder["link"], new ReceiveOptions { Force = true }, progress: null, Token);
        Assert.Equal(await File.ReadAllBytesAsync(source, Token), await File.ReadAllBytesAsync(target, Token));
        Assert.Equal(target, File.ResolveLinkTarget(cluster.Folder["link"], returnFinalTarget: true)!.FullName);
    }

    [Fact]
    public async Task A_missing_folder_is_named()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 10, seed: 1);
        StoredFile sent = await cluster.Client.SendAsync(source, "x", SendOptions.Default, progress: null, Token);
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.ReceiveAsync(
                sent, cluster.Folder["no", "folder"], ReceiveOptions.Default, progress: null, Token));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        Assert.Contains("folder does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_grows_while_it_is_sent_is_found_out()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        string source = cluster.Folder.CreateFile("source", 8 * ChunkSize, seed: 1);
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes == ChunkSize)
            {
                DateTime modified = File.GetLastWriteTimeUtc(source);
                File.AppendAllText(source, "more");
                File.SetLastWriteTimeUtc(source, modified);
            }
        });
        DfssException error = await Assert.ThrowsAsync<DfssException>(
            () => cluster.Client.SendAsync(source, "x", new SendOptions { ChunkSize = ChunkSize }, progress, Token));
        Assert.Equal(DfssErrorCode.SourceChanged, error.Code);
        await Assert.ThrowsAsync<DfssException>(() => cluster.Client.GetAsync("x", Token));
    }
}
