using System.Globalization;
using System.Security.Cryptography;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// A client process that is killed again and again in the middle of one transfer, and each time the same command is
/// given to another: what passes to and from the peers, and what is read of the source, is counted.
/// <c>DFSS_RESUME_MIB</c> sets the size of the file, and has it be killed ten times in place of four; <c>DFSS_SEED</c>
/// sets the seed.
/// </summary>
public sealed class ResumeTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Peers = 3;
    private const int Replicas = 2;
    private const int OrdinaryMebibytes = 48;
    private const string Mebibytes = "DFSS_RESUME_MIB";
    private const int ChunkSize = DfssLimits.DefaultChunkSize;

    /// <summary>So few that the kills cost much less than the file where it is small.</summary>
    private const int ThrottleLimit = 2;

    /// <summary>Registers, the ids asked about, the manifest, and the heads of frames, of one attempt.</summary>
    private const int OverheadBytes = 256 << 10;

    /// <summary>What a client reads that is not the source: its own assemblies, configuration and journal.</summary>
    private const int OwnReadBytes = 2 << 20;

    /// <summary>How often a command is given again that a busy machine kept from its answers.</summary>
    private const int MaxTries = 5;

    private readonly TemporaryFolder folder = SearchSize.IsWhole(Mebibytes)
        ? TemporaryFolder.OnDisk()
        : new TemporaryFolder();
    private readonly List<FaultProxy> links = [];
    private readonly Lock gate = new();
    private PeerGroup peers = null!;
    private Random random = null!;
    private string source = null!;
    private long length;
    private long sent;
    private long received;
    private long read;
    private Func<bool>? isKillDue;
    private TaskCompletionSource killDue = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(!OperatingSystem.IsLinux(), "What a process has read is told by Linux.");
        random = new Random(FaultSeed.Take(output));
        peers = await PeerGroup.StartAsync(folder, Peers, new PeerSettings { AdvertisedAddress = PeerGroup.Nowhere });
        foreach (PeerAddress address in peers.Addresses)
        {
            links.Add(new FaultProxy(address, TimeProvider.System)
            {
                OnSending = bytes => Count(ref sent, bytes),
                OnReceiving = bytes => Count(ref received, bytes),
            });
        }

        int mebibytes = SearchSize.Take(Mebibytes, OrdinaryMebibytes);
        // Some bytes more than whole chunks.
        length = ((long)mebibytes << 20) + 12_345;
        source = folder.CreateFile("source", length, random.Next());
        // What was written within the last 2 s may still be changing, and is hashed again.
        File.SetLastWriteTimeUtc(source, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FaultProxy link in links)
        {
            await link.DisposeAsync();
        }

        if (peers is not null)
        {
            await peers.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task A_send_killed_again_and_again_costs_one_file_and_what_was_in_flight()
    {
        ClientCommand send = Command(ClientOperation.Create, source);
        int kills = await RunKilledAsync(send, () => sent, Replicas * length / Kills);
        output.WriteLine(
            $"{length} bytes at {Replicas} peers: {sent} bytes sent in {kills + 1} attempts, {read} bytes of "
                + "the source read");
        Assert.Equal(Kills, kills);
        Assert.InRange(sent, Replicas * length, (Replicas * length) + WasteBytes(Replicas));
        // What was hashed once is read again only where it was in flight.
        Assert.InRange(read, length, length + WasteBytes(copies: 1) + ((Kills + 1) * OwnReadBytes));

        // All is there: nothing is sent once more.
        sent = 0;
        await FinishAsync(send with { Operation = ClientOperation.Replace });
        Assert.InRange(sent, 1, OverheadBytes);

        string destination = folder["received"];
        await FinishAsync(Command(ClientOperation.Receive, destination));
        await AssertEqualAsync(destination);
    }

    [Fact]
    public async Task A_receive_killed_again_and_again_costs_one_file_and_what_was_in_flight()
    {
        // One copy: a chunk that is late on a busy machine is not asked for at a second holder too.
        const int Copies = 1;
        await FinishAsync(Command(ClientOperation.Create, source) with { Replicas = Copies });

        received = 0;
        string destination = folder["received"];
        int kills = await RunKilledAsync(Command(ClientOperation.Receive, destination), () => received, length / Kills);
        output.WriteLine($"{length} bytes: {received} bytes received in {kills + 1} attempts");
        Assert.Equal(Kills, kills);
        Assert.InRange(received, length, length + WasteBytes(Copies));
        await AssertEqualAsync(destination);
        Assert.False(File.Exists(destination + ".dfss-part"));
    }

    private static int Kills => SearchSize.IsWhole(Mebibytes) ? 10 : 2;

    private static ClientCommand Command(ClientOperation operation, string path) =>
        new() { Operation = operation, Name = "file", Path = path, ChunkSize = ChunkSize, Replicas = Replicas };

    private static long WasteBytes(int copies) =>
        ((long)Kills * ThrottleLimit * ChunkSize * copies) + ((Kills + 1) * OverheadBytes);

    /// <summary>
    /// Gives the command, kills the client after some bytes, and again, until it has been killed so often; then to its
    /// end.
    /// </summary>
    /// <returns>How often it was killed before it had ended.</returns>
    private async Task<int> RunKilledAsync(ClientCommand command, Func<long> counter, long maxBytes)
    {
        for (int kills = 0; kills < Kills; kills++)
        {
            long killAt = counter() + random.NextInt64(maxBytes);
            if (await AttemptAsync(command, () => counter() > killAt) is not null)
            {
                return kills;
            }
        }

        await FinishAsync(command);
        return Kills;
    }

    /// <summary>Gives the command to its end; again where a busy machine kept peers from answering in time.</summary>
    private async Task FinishAsync(ClientCommand command)
    {
        ClientAnswer? last = null;
        for (int tries = 0; tries < MaxTries && (last is null || IsBusy(last)); tries++)
        {
            last = await AttemptAsync(command, isDue: null);
        }

        Assert.True(last!.Error == DfssErrorCode.None, last.Message);
    }

    private static bool IsBusy(ClientAnswer answer) =>
        answer.Error is DfssErrorCode.NoMajority or DfssErrorCode.TimedOut;

    /// <summary>One client process.</summary>
    /// <returns>Null where it was killed.</returns>
    private async Task<ClientAnswer?> AttemptAsync(ClientCommand command, Func<bool>? isDue)
    {
        await using ClientProcess client = await ClientProcess.StartAsync(new ClientSettings
        {
            Peers = [.. links.Select(link => link.Address.ToString())],
            ThrottleLimit = ThrottleLimit,

            // Beside others that keep the disk busy a peer may be long in answering.
            ConnectSeconds = 30,
            StateFolder = folder["state"],
        });
        // It has loaded what it needs, and connects, before anything counts.
        ClientAnswer? first = null;
        for (int tries = 0; tries < MaxTries && (first is null || IsBusy(first)); tries++)
        {
            first = await client.RunAsync(new ClientCommand { Operation = ClientOperation.Read, Name = command.Name });
        }

        Assert.True(first!.Error is DfssErrorCode.None or DfssErrorCode.FileNotFound, first.Message);
        long readBefore = ReadBytes(client.ProcessId);
        killDue = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            isKillDue = isDue;
        }

        Task<ClientAnswer?> running = client.RunAsync(command);
        await Task.WhenAny(running, killDue.Task);
        UnixSignal.Send(client.ProcessId, UnixSignal.Stop);
        read += ReadBytes(client.ProcessId) - readBefore;
        await client.KillAsync();
        return await running;
    }

    private void Count(ref long counter, int bytes)
    {
        lock (gate)
        {
            counter += bytes;
            if (isKillDue?.Invoke() == true)
            {
                killDue.TrySetResult();
            }
        }
    }

    /// <summary>What the process has read by read and pread, of files; what comes from sockets is not in it.</summary>
    private static long ReadBytes(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/io")
            .First(text => text.StartsWith("rchar:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private async Task AssertEqualAsync(string destination)
    {
        await using FileStream expected = File.OpenRead(source);
        await using FileStream actual = File.OpenRead(destination);
        Assert.Equal(
            Convert.ToHexString(await SHA256.HashDataAsync(expected, Token)),
            Convert.ToHexString(await SHA256.HashDataAsync(actual, Token)));
    }
}
