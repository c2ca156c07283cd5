using System.Globalization;
using System.Management.Automation;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.BadInput;

/// <summary>Stores that cannot be served, that are full, or that have gone bad.</summary>
public sealed class BadStoreTests : BadInputTests
{
    private const int Chunk = 256 << 10;

    /// <summary>
    /// These tests corrupt chunks and find them themselves: a late first scrub would find them before.
    /// </summary>
    private const string NoScrub = "-ScrubRate 0";

    private SmallDisk? disk;

    public BadStoreTests()
        : base($"store {NoScrub}")
    {
    }

    private string Store => Path.Combine(Folder, "store");

    private protected override void CleanUp()
    {
        if (disk is not null)
        {
            // Of this test alone: peers of other tests run in this process too.
            Run("Stop-DfssPeer -Port ([int]($full -split ':')[-1])").ThrowIfFailed();
            disk.Dispose();
        }
    }

    [Fact]
    public async Task A_store_in_use_names_the_process_that_has_it()
    {
        string path = Path.Combine(Folder, "other");
        await using PeerProcess holder = await PeerProcess.StartAsync(path);
        Check(
            Ends("Start-DfssPeer other -Port 0"), "StoreInUse", ErrorCategory.ResourceBusy, "other", $"'{path}'",
            $"in use by process {holder.ProcessId.ToString(CultureInfo.InvariantCulture)}.");
        Run($"Send-DfssFile in/good.txt -Peer {holder.Address}").ThrowIfFailed();
    }

    [Fact]
    public void A_store_of_a_newer_format_is_left_alone()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "other"));
        string format = Path.Combine(Folder, "other", "format");
        File.WriteAllText(format, "DFSS store 3\nwhatever\n");
        Check(
            Ends("Start-DfssPeer other -Port 0"), "StoreFormat", ErrorCategory.InvalidData, "other",
            $"'{Path.Combine(Folder, "other")}' has format 3");
        Assert.Equal([format], Directory.GetFileSystemEntries(Path.Combine(Folder, "other")));
    }

    [Fact]
    public void A_folder_with_other_files_is_left_alone()
    {
        Check(
            Ends("Start-DfssPeer in -Port 0"), "StoreFormat", ErrorCategory.InvalidData, "in",
            $"'{Path.Combine(Folder, "in")}'",
            "'good.txt'");
        Assert.Equal([In("good.txt")], Directory.GetFileSystemEntries(Path.Combine(Folder, "in")));
    }

    [Fact]
    public void A_file_is_no_store()
    {
        Check(
            Ends("Start-DfssPeer in/good.txt -Port 0"), "StoreFormat", ErrorCategory.InvalidData, "in/good.txt",
            $"'{In("good.txt")}' is a file");
        Assert.Equal("good", File.ReadAllText(In("good.txt")));
    }

    [Fact]
    public void A_folder_below_a_file_is_no_store() => Check(
        Ends("Start-DfssPeer in/good.txt/store -Port 0"), "StoreFailed", ErrorCategory.WriteError, "in/good.txt/store",
        $"'{Path.Combine(In("good.txt"), "store")}' cannot be opened");

    [Fact]
    public void A_port_in_use_is_named()
    {
        int port = PeerAddress.Parse(Peer).Port;
        string address = string.Create(CultureInfo.InvariantCulture, $"localhost:{port}");
        Check(
            Ends($"Start-DfssPeer -InMemory -Port {port}"), "AddressUnavailable",
            ErrorCategory.ResourceUnavailable, address,
            string.Create(CultureInfo.InvariantCulture, $"port {port} cannot be listened on"));
    }

    [Fact]
    public void A_full_peer_is_reported_with_its_address_and_path_and_takes_what_fits()
    {
        Assert.SkipWhen(SmallDisk.Obstacle is not null, SmallDisk.Obstacle ?? string.Empty);
        disk = new SmallDisk(Path.Combine(Folder, "disk"), "size=8m");
        string full = StartPeer("disk/store");
        Set("full", full);
        byte[] content = new byte[16 << 20];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(In("large.bin"), content);
        ErrorRecord error = Fails("Send-DfssFile in/large.bin, in/good.txt -Peer $full -ChunkSize 256KB", results: 1);
        Check(
            error, "StoreFull", ErrorCategory.LimitsExceeded, In("large.bin"), full,
            $"'{disk.MountPoint}/store'", "Chunk ");
        IsUnknown("large.bin", "$full");
    }

    [Fact]
    public void A_corrupt_chunk_is_never_delivered_and_named_with_its_peer()
    {
        Send("a.bin", 3 * Chunk, chunkSize: Chunk);
        Run("Send-DfssFile in/good.txt -Peer $peer").ThrowIfFailed();
        string id = CorruptChunk(Store);
        ErrorRecord error = Fails("Receive-DfssFile a.bin, good.txt -Peer $peer -Destination out", results: 1);
        Check(error, "ChunkCorrupt", ErrorCategory.InvalidData, "a.bin", id, Peer, "'a.bin'");
        IsAtDestination("a.bin.dfss-part", "good.txt");
    }

    [Fact]
    public void A_corrupt_chunk_is_had_from_another_holder()
    {
        string other = StartPeer($"other {NoScrub}");
        Set("other", other);
        Set("both", new[] { Peer, other });
        string path = Send("a.bin", 12 * Chunk, "$both", Chunk);
        // The same chunks under another name: both peers have all of them now.
        Run("Send-DfssFile in/a.bin -Name b.bin -Peer $peer -ChunkSize 256KB").ThrowIfFailed();
        Run("Send-DfssFile in/a.bin -Name c.bin -Peer $other -ChunkSize 256KB").ThrowIfFailed();
        // Every chunk has one good copy. In pairs, as the two peers may be asked in turn: then one of each four in a
        // row is read from its bad holder first.
        foreach ((int i, StoredChunk chunk) in StoreFiles.List(Store).Where(chunk => chunk.Length == Chunk).Index())
        {
            StoreFiles.Corrupt(i / 2 % 2 == 0 ? Store : Path.Combine(Folder, "other"), chunk.Id);
        }

        Result result = Run("Receive-DfssFile a.bin -Peer $both -Destination out");
        Assert.Single(result.As<FileInfo>());
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(Out("a.bin")));
        Assert.Contains(result.Warnings, text => text.Contains("gave wrong bytes for chunk", StringComparison.Ordinal));
        IsAtDestination("a.bin");
    }

    [Fact]
    public void A_chunk_whose_only_holder_is_gone_does_not_stop_the_other_files()
    {
        Run("$two = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        string gone = (string)Run("$two.Endpoint").Output[0].BaseObject;
        Set("both", new[] { Peer, gone });
        Send("a.bin", 3 * Chunk, "$both", Chunk, "-Replicas 1");
        Run("Send-DfssFile in/good.txt -Peer $peer; $two | Stop-DfssPeer").ThrowIfFailed();
        ErrorRecord error = Fails("Receive-DfssFile a.bin, good.txt -Peer $both -Destination out", results: 1);
        Check(error, "PeerUnreachable", ErrorCategory.ConnectionError, "a.bin", "Chunk ", "'a.bin'", gone);
        IsAtDestination("a.bin.dfss-part", "good.txt");
    }

    /// <summary>Changes a byte of a chunk on a peer's disk; gives the chunk's id.</summary>
    private static string CorruptChunk(string store)
    {
        StoredChunk chunk = StoreFiles.List(store).First(chunk => chunk.Length == Chunk);
        chunk.Flip(at: 7);
        return chunk.Id.ToString();
    }
}
