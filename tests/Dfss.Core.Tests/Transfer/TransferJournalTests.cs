using System.Text;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// The journals of transfers that several processes look at, begin and resume. Each registry stands for a process.
/// </summary>
public sealed class TransferJournalTests : IAsyncLifetime
{
    private const int Length = 9 << 20;

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder folder = new();
    private readonly TransferRegistry registry = new();
    private readonly TransferRegistry other = new();
    private readonly List<string> verbose = [];
    private readonly List<string> warnings = [];
    private DfssClient client = null!;
    private TransferDescription description = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string State => folder["state"];

    public ValueTask InitializeAsync()
    {
        client = new DfssClient(
            [new PeerAddress("localhost", 1)],
            new TransferOptions { StateFolder = State, Verbose = verbose.Add, Warning = warnings.Add });
        description = new TransferDescription
        {
            Kind = TransferKind.Send,
            Name = "x",
            LocalPath = folder.CreateFile("x", Length, seed: 1),
            Length = Length,
        };
        File.SetLastWriteTimeUtc(description.LocalPath, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public void A_transfer_of_another_process_is_shown_with_that_process_until_it_is_interrupted()
    {
        using (TrackedTransfer transfer = registry.Begin(description, client))
        {
            transfer.Report(new(TransferPhase.Transferring, 3 << 20, Length));
            TransferStatus elsewhere = Assert.Single(other.FindJournaled(State));
            Assert.Equal(
                (TransferState.RunningElsewhere, Environment.ProcessId, 3L << 20),
                (elsewhere.State, elsewhere.ProcessId, elsewhere.TransferredBytes));
            Assert.Equal(Environment.ProcessId, transfer.Snapshot().ProcessId);
            Assert.Empty(registry.FindJournaled(State));
            Assert.False(other.Forget(State, description));
        }

        TransferStatus interrupted = Assert.Single(other.FindJournaled(State));
        Assert.Equal((TransferState.Interrupted, (int?)null), (interrupted.State, interrupted.ProcessId));
        Assert.Equal(TransferState.Interrupted, Assert.Single(registry.FindJournaled(State)).State);
    }

    [Fact]
    public void A_process_that_has_the_id_of_the_former_one_is_not_taken_for_it()
    {
        string text;
        using (registry.Begin(description, client))
        {
            text = Read(Assert.Single(Directory.GetFiles(Path.Combine(State, "transfers"))));
        }

        Assert.Contains($"\"ProcessId\":{Environment.ProcessId}", text, StringComparison.Ordinal);
        text = text.Replace("\"ProcessStart\":\"", "\"ProcessStart\":\"1", StringComparison.Ordinal);
        string path = Assert.Single(Directory.GetFiles(Path.Combine(State, "transfers")));
        using SafeFileHandle held = WriterLock.TryTake(path)!;
        RandomAccess.Write(held, Encoding.UTF8.GetBytes(text), fileOffset: 0);
        TransferStatus elsewhere = Assert.Single(other.FindJournaled(State));
        Assert.Equal((TransferState.RunningElsewhere, (int?)null), (elsewhere.State, elsewhere.ProcessId));
    }

    [Fact]
    public async Task No_transfer_loses_its_journal_by_a_listing()
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task[] listings =
        [
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(
                () =>
                {
                    TransferRegistry process = new();
                    while (!end.IsCancellationRequested)
                    {
                        process.FindJournaled(State);
                    }
                },
                Token)),
        ];
        for (int i = 0; i < 1000; i++)
        {
            using TrackedTransfer transfer = registry.Begin(description, client);
            Assert.Contains(
                Directory.EnumerateFiles(Path.Combine(State, "transfers")),
                path => Read(path).Contains("\"ProcessId\":", StringComparison.Ordinal));
        }

        await end.CancelAsync();
        await Task.WhenAll(listings);
        Assert.Empty(verbose);
        Assert.Empty(warnings);
    }

    [Fact]
    public void A_journal_that_is_looked_at_when_a_transfer_begins_is_waited_for()
    {
        registry.Begin(description, client).Dispose();
        string path = Assert.Single(Directory.GetFiles(Path.Combine(State, "transfers")));
        Assert.False(WriterLock.IsHeld(path));
        using (SafeFileHandle? taken = WriterLock.TryTake(path))
        {
            Assert.NotNull(taken);
            Assert.True(WriterLock.IsHeld(path));
            Assert.Null(WriterLock.TryTake(path));
        }

        Assert.False(WriterLock.IsHeld(path));
        Assert.False(WriterLock.IsHeld(path + "-gone"));
    }

    [Fact]
    public void A_transfer_that_runs_already_goes_on_a_second_time_without_a_journal_and_says_so()
    {
        using TrackedTransfer first = registry.Begin(description, client);
        using (TrackedTransfer second = other.Begin(description, client))
        {
            Assert.Contains(
                FormattableString.Invariant($"process {Environment.ProcessId} transfers the same file"),
                Assert.Single(warnings), StringComparison.Ordinal);
            Assert.Single(other.Running);
        }

        using TrackedTransfer third = registry.Begin(description, client);
        Assert.Equal(2, warnings.Count);
        Assert.Equal(2, registry.Running.Count);
        Assert.Equal(TransferState.RunningElsewhere, Assert.Single(other.FindJournaled(State)).State);
    }

    [Fact]
    public void An_interrupted_transfer_is_claimed_by_one_process_alone()
    {
        registry.Begin(description, client).Dispose();
        using TransferClaim? claim = registry.TryClaim(State, description);
        Assert.Equal("x", claim?.Description.Name);
        Assert.Null(other.TryClaim(State, description));
        Assert.Null(registry.TryClaim(State, description));
        TransferStatus seen = Assert.Single(other.FindJournaled(State));
        Assert.Equal((TransferState.RunningElsewhere, Environment.ProcessId), (seen.State, seen.ProcessId));
        Assert.Equal(TransferState.Interrupted, Assert.Single(registry.FindJournaled(State)).State);

        // The transfer begins with the claim, which then is nothing any more.
        using (TrackedTransfer transfer = registry.Begin(description, client))
        {
            claim!.Dispose();
            Assert.Empty(registry.FindJournaled(State));
            Assert.Equal(TransferState.RunningElsewhere, Assert.Single(other.FindJournaled(State)).State);
            transfer.Succeed();
        }

        Assert.Empty(warnings);
        Assert.Null(other.TryClaim(State, description));
        Assert.Empty(Directory.GetFiles(Path.Combine(State, "transfers")));
    }

    [Fact]
    public void A_claim_whose_transfer_does_not_begin_leaves_it_interrupted()
    {
        registry.Begin(description, client).Dispose();
        registry.TryClaim(State, description)!.Dispose();
        Assert.Equal(
            (TransferState.Interrupted, (int?)null),
            Assert.Single(other.FindJournaled(State)) is var one ? (one.State, one.ProcessId) : default);
        using TransferClaim? claim = other.TryClaim(State, description);
        Assert.NotNull(claim);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_sent_of_a_source_that_has_changed_since_is_not_counted(bool isSetBack)
    {
        string source = description.LocalPath!;
        using (TrackedTransfer transfer = registry.Begin(description, client))
        {
            transfer.Report(new(TransferPhase.Transferring, 3 << 20, Length));
        }

        Assert.Equal(3 << 20, Assert.Single(registry.FindJournaled(State)).TransferredBytes);
        DateTime written = File.GetLastWriteTimeUtc(source);
        WaitForNextTime(source);
        using (FileStream file = new(source, FileMode.Open))
        {
            file.WriteByte((byte)~file.ReadByte());
        }

        if (isSetBack)
        {
            File.SetLastWriteTimeUtc(source, written);
        }

        Assert.Equal(0, Assert.Single(registry.FindJournaled(State)).TransferredBytes);

        // Interrupted again before the peers have said what they have.
        registry.Begin(description, client).Dispose();
        Assert.Equal(0, Assert.Single(registry.FindJournaled(State)).TransferredBytes);
    }

    /// <summary>File systems may note times to 10 ms.</summary>
    private static void WaitForNextTime(string path)
    {
        string probe = path + ".probe";
        DateTime last = Touch();
        while (Touch() == last)
        {
        }

        DateTime Touch()
        {
            File.WriteAllBytes(probe, []);
            return File.GetLastWriteTimeUtc(probe);
        }
    }

    [Fact]
    public async Task A_slow_disk_holds_up_no_listing()
    {
        using ManualResetEventSlim go = new(initialState: true);
        TaskCompletionSource writing = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TransferRegistry slow = new(() =>
        {
            if (!go.IsSet)
            {
                writing.TrySetResult();
                go.Wait(TimeLimit, Token);
            }
        });
        TrackedTransfer transfer = slow.Begin(description, client);
        go.Reset();
        Task first = Task.Run(() => transfer.Report(new(TransferPhase.Transferring, 1 << 20, Length)), Token);
        await writing.Task.WaitAsync(TimeLimit, Token);

        // Neither the other chunks nor those that look wait for the disk.
        Task<TransferStatus> look = Task.Run(
            () =>
            {
                transfer.Report(new(TransferPhase.Transferring, 2 << 20, Length));
                transfer.BytesPerSecond = 5 << 20;
                return transfer.Snapshot();
            },
            Token);
        Task ended = await Task.WhenAny(look, first);
        Assert.Same(look, ended);
        Assert.Equal(2 << 20, (await look).TransferredBytes);
        Assert.Empty(slow.FindJournaled(State));
        go.Set();
        await first;

        // What came meanwhile is written after it.
        string text = Read(Assert.Single(Directory.GetFiles(Path.Combine(State, "transfers"))));
        Assert.Contains($"\"TransferredBytes\":{2 << 20}", text, StringComparison.Ordinal);
        Assert.Contains($"\"LimitBytesPerSecond\":{5 << 20}", text, StringComparison.Ordinal);
        transfer.Dispose();
    }

    private static string Read(string path)
    {
        using SafeFileHandle file = DurableFile.OpenForReading(path);
        byte[] text = new byte[RandomAccess.GetLength(file)];
        return Encoding.UTF8.GetString(text, 0, RandomAccess.Read(file, text, fileOffset: 0));
    }
}
