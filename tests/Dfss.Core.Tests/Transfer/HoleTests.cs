using System.Globalization;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Holes: blocks of zeros that a file system does not keep.</summary>
public sealed class HoleTests
{
    private const int ChunkSize = 1 << 20;
    private const int BlockBytes = 4096;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_received_file_has_holes_where_whole_blocks_are_zero_unless_that_is_turned_off(bool isSparse)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It counts blocks with stat.");
        await using Cluster cluster = await Cluster.StartAsync(1);
        byte[] content = Scattered();
        StoredFile stored = await SendAsync(cluster, content);
        string received = cluster.Folder["received"];
        ReceiveOptions options = new() { IsSparse = isSparse };
        await cluster.Client.ReceiveAsync(stored, received, options, progress: null, Token);
        Assert.Equal(content, await File.ReadAllBytesAsync(received, Token));
        long allocated = Allocated(received);
        if (isSparse)
        {
            Assert.InRange(allocated, 1, 64 * BlockBytes);
        }
        else
        {
            Assert.InRange(allocated, content.Length, long.MaxValue);
        }
    }

    [Fact]
    public async Task What_fits_with_its_holes_is_received_onto_a_disk_that_is_smaller_than_its_length()
    {
        Assert.SkipWhen(SmallDisk.Obstacle is not null, SmallDisk.Obstacle ?? string.Empty);
        await using Cluster cluster = await Cluster.StartAsync(1);
        byte[] content = Scattered();
        StoredFile stored = await SendAsync(cluster, content);
        using SmallDisk disk = new(cluster.Folder["disk"], "size=2m");
        string received = Path.Combine(disk.MountPoint, "received");
        await cluster.Client.ReceiveAsync(stored, received, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(content, await File.ReadAllBytesAsync(received, Token));

        File.Delete(received);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => cluster.Client.ReceiveAsync(
            stored, received, new ReceiveOptions { IsSparse = false }, progress: null, Token));
        Assert.Equal(DfssErrorCode.DestinationUnwritable, error.Code);
        Assert.Empty(Directory.EnumerateFiles(disk.MountPoint));
    }

    /// <summary>Where an earlier receive left other bytes, a hole must take their place.</summary>
    [Fact]
    public async Task A_receive_that_goes_on_clears_what_is_in_place_of_its_holes()
    {
        await using Cluster cluster = await Cluster.StartAsync(1);
        byte[] content = Scattered();
        StoredFile stored = await SendAsync(cluster, content);
        string received = cluster.Folder["received"];
        await InterruptAsync(cluster, stored, received);
        string part = PartFile.PathOf(received);
        using (FileStream file = new(part, FileMode.Open))
        {
            // Of the chunks, not of the trailer behind them.
            file.Write([.. Enumerable.Repeat((byte)7, content.Length)]);
        }

        await cluster.Client.ReceiveAsync(stored, received, ReceiveOptions.Default, progress: null, Token);
        Assert.Equal(content, await File.ReadAllBytesAsync(received, Token));
        if (OperatingSystem.IsLinux())
        {
            Assert.InRange(Allocated(received), 1, 64 * BlockBytes);
        }
    }

    [Fact]
    public async Task A_hole_that_is_sent_is_not_read()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux(), "Only Linux tells where holes are, and counts what a process reads.");
        const long Length = 256L << 20;
        await using Cluster cluster = await Cluster.StartAsync(1, admitsAnyClient: true);
        string source = cluster.Folder["source"];
        await using (FileStream file = new(source, FileMode.Create))
        {
            file.SetLength(Length);
            file.Position = Length / 2;
            file.Write("data"u8);
        }

        await using ClientProcess client = await ClientProcess.StartAsync(new ClientSettings
        {
            Peers = [.. cluster.Addresses.Select(address => address.ToString())],
        });
        await client.RunAsync(new ClientCommand { Operation = ClientOperation.Read, Name = "none" });
        long before = CountRead(client.ProcessId);
        ClientAnswer? sent = await client.RunAsync(new ClientCommand
        {
            Operation = ClientOperation.Create,
            Name = "x",
            Path = source,
            ChunkSize = ChunkSize,
        });
        long read = CountRead(client.ProcessId) - before;
        Assert.Equal(DfssErrorCode.None, sent?.Error);
        Assert.InRange(read, 0, Length / 4);
        StoredFile stored = await cluster.Client.GetAsync("x", Token);
        await cluster.Client.ReceiveAsync(
            stored, cluster.Folder["received"], ReceiveOptions.Default, progress: null, Token);
        using FileStream copy = new(cluster.Folder["received"], FileMode.Open);
        byte[] data = new byte[4];
        copy.Position = Length / 2;
        copy.ReadExactly(data);
        Assert.Equal(Length, copy.Length);
        Assert.Equal("data"u8, data);
    }

    /// <summary>
    /// Zeros but for a few bytes: in the middle of blocks, at their ends, and in the last, which is not whole.
    /// </summary>
    private static byte[] Scattered()
    {
        byte[] content = new byte[(8 * ChunkSize) + 100];
        foreach (int place in (int[])[0, BlockBytes - 1, (3 * BlockBytes) + 7, ChunkSize, (5 * ChunkSize) - 1,
            content.Length - 1])
        {
            content[place] = 1;
        }

        return content;
    }

    private static async Task<StoredFile> SendAsync(Cluster cluster, byte[] content)
    {
        string source = cluster.Folder["source"];
        await File.WriteAllBytesAsync(source, content, Token);
        return await cluster.Client.SendAsync(
            source, "x", new SendOptions { ChunkSize = ChunkSize }, progress: null, Token);
    }

    /// <summary>Ends a receive when some of its chunks are written.</summary>
    private static async Task InterruptAsync(Cluster cluster, StoredFile stored, string destination)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        CallbackProgress progress = new(state =>
        {
            if (state.TransferredBytes >= 3 * ChunkSize)
            {
                stop.Cancel();
            }
        });
        await using DfssClient client = new(cluster.Addresses, new TransferOptions { ThrottleLimit = 1 });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            client.ReceiveAsync(stored, destination, ReceiveOptions.Default, progress, stop.Token));
    }

    private static long Allocated(string path) =>
        long.Parse(SystemTool.Read("stat", ["-c", "%b", path]), CultureInfo.InvariantCulture) * 512;

    /// <summary>The bytes that a process has read, from files and elsewhere.</summary>
    private static long CountRead(int processId) => long.Parse(
        File.ReadLines($"/proc/{processId}/io")
            .First(line => line.StartsWith("rchar:", StringComparison.Ordinal))["rchar:".Length..],
        CultureInfo.InvariantCulture);
}
