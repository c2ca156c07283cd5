using System.Management.Automation;
using System.Text;
using Dfss.Commands;
using Dfss.Protocol;
using Dfss.Testing;
using Dfss.Transfer;
using Microsoft.Extensions.Time.Testing;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.Drive;

/// <summary>The end of a read of which a later block does not come. Time stands still for the client.</summary>
public sealed class DriveReadEndTests : IAsyncLifetime
{
    /// <summary>The first block is given; what is said between the two reads is shown by the second one.</summary>
    private const string Read =
        """
        & {
            [CmdletBinding()] param()
            $readers = $ExecutionContext.InvokeProvider.Content.GetReader([string[]]('X:/a', 'X:/b'), $false, $true)
            if ($readers[0].Read(4096)[-1] -ne 'the first chunk') { throw 'other lines' }
            $say.Invoke('said')
            $readers[0].Read(0)
        }
        """;

    private static readonly string[] Chunks =
    [
        string.Concat(Enumerable.Repeat("the first chunk\n", 4096)),
        string.Concat(Enumerable.Repeat("more of it\n", 9)),
    ];

    private static readonly byte[] Second = ChunkId.Of(Encoding.ASCII.GetBytes(Chunks[1])).ToByteArray();

    private readonly DriveSession drive = new();
    private HeldPeer peer = null!;
    private DriveMessages messages = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        peer = await HeldPeer.StartAsync();
        drive.Session.Run(
            "Set-DfssContent a $text -NoNewline -ChunkSize 65536 -Peer $to; Set-DfssContent b x -Peer $to",
            ("text", string.Concat(Chunks)), ("to", peer.StoreAddress.ToString())).ThrowIfFailed();
        messages = drive.MakeDrive(
            "X", string.Empty, new TransferOptions { StateFolder = null, TimeProvider = new FakeTimeProvider() },
            peer.Address);
        peer.Holds = (operation, arguments, payload) => operation switch
        {
            Operations.GetChunks => payload.Span.SequenceEqual(Second),
            Operations.GetChunk => arguments.TryGet("chunk_id", out MessageValue id)
                ? id.AsBinary().AsSpan().SequenceEqual(Second)
                : arguments.TryGet("index", out MessageValue index) && index.AsInteger() == 1,
            _ => false,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await peer.DisposeAsync();
        drive.Dispose();
    }

    [Fact]
    public async Task A_warning_that_ends_the_command_ends_the_read()
    {
        drive.Session.Runspace.SessionStateProxy.SetVariable("say", (Action<string>)messages.Warn);
        Task<Result> reading = Task.Factory.StartNew(
            () => drive.Session.Run($"{Read} -WarningAction Stop"), Token, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Result read = await reading.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.NotNull(read.Ending);
        Assert.Contains("'X:': said", read.Ending.Message, StringComparison.Ordinal);
    }

    /// <summary>Of two files the engine tells the reader of the second one, which is not read yet.</summary>
    [Fact]
    public async Task A_read_of_one_of_two_files_ends_when_the_user_stops_it()
    {
        drive.Session.Runspace.SessionStateProxy.SetVariable("say", (Action<string>)messages.Tell);
        using Engine engine = drive.Session.Create();
        using var shown = new SemaphoreSlim(0);
        engine.Streams.Verbose.DataAdded += (_, added) =>
        {
            if (engine.Streams.Verbose[added.Index].Message == "said")
            {
                shown.Release();
            }
        };
        engine.AddScript($"{Read} -Verbose");
        Task reading = Task.Factory.StartNew(
            () => engine.Invoke(), Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task next = shown.WaitAsync(Token);
        Assert.Same(next, await Task.WhenAny(next, reading));
        await peer.Reached.WaitAsync(Token);
        Task stopping = Task.Factory.FromAsync(engine.BeginStop(callback: null, state: null), engine.EndStop);
        do
        {
            // Shown until the pipeline stops, and refused then.
            messages.Tell("said");
            next = shown.WaitAsync(Token);
        }
        while (await Task.WhenAny(next, reading).WaitAsync(TimeSpan.FromSeconds(60), Token) == next);

        await reading;
        await stopping;
        Assert.Equal(PSInvocationState.Stopped, engine.InvocationStateInfo.State);
    }
}
