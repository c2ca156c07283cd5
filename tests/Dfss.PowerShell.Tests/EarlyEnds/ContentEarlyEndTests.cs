using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.EarlyEnds;

/// <summary>Content that goes through the pipeline, ended early.</summary>
public sealed class ContentEarlyEndTests : IAsyncLifetime
{
    private const int Length = 3 << 20;

    private const string Set = "'text' | Set-DfssContent c -Peer $peer -PassThru";
    private const string SetStream = "Set-DfssContent c -Peer $peer -InputStream $stream -PassThru";

    private EarlyEnd end = null!;

    public async ValueTask InitializeAsync()
    {
        end = await EarlyEnd.StartAsync();
        end.MakeFile("b", 0xBB, Length);
        end.Session.Run("$null = Send-DfssFile in/b -Peer $peer").ThrowIfFailed();
    }

    public ValueTask DisposeAsync() => end.DisposeAsync();

    [Theory]
    [InlineData(Operations.Hello, "Get-DfssContent b -Peer $peer -AsByteStream -Raw")]
    [InlineData(Operations.Read, "Get-DfssContent b -Peer $peer -AsByteStream -Raw")]
    [InlineData(Operations.GetChunks, "Get-DfssContent b -Peer $peer -AsByteStream -Raw")]
    [InlineData(Operations.GetChunk, "Get-DfssContent b -Peer $peer -AsByteStream -Raw")]
    [InlineData(Operations.GetChunk, "Get-DfssContent b -Peer $peer -Tail 1")]
    [InlineData(Operations.Read, "Open-DfssFile b -Peer $peer")]
    public async Task A_read_is_stopped_at(string operation, string command)
    {
        end.Peer.Holds = (held, _, _) => held == operation;
        await end.RunAsync(EndKind.Stop, command, hasProgress: false);
        end.Session.Run($"$read = {command}; if ($read -is [IO.Stream]) {{ $read.Dispose() }}").ThrowIfFailed();
    }

    [Fact]
    public async Task Opening_is_stopped_while_the_list_of_chunks_is_fetched()
    {
        end.Peer.Holds = (held, _, _) => held is Operations.GetChunk or Operations.GetChunks;
        await end.RunAsync(EndKind.Stop, "Open-DfssFile b -Peer $peer", hasProgress: false);
    }

    [Fact]
    public Task A_stream_that_was_opened_is_disposed_where_the_next_file_is_an_error() => end.RunAsync(
        EndKind.ErrorAction, "Open-DfssFile b, none -Peer $peer", hasProgress: false, reached: Task.CompletedTask);

    [Fact]
    public async Task A_stream_that_was_opened_is_disposed_where_the_input_throws()
    {
        Assert.NotNull(end.Session.Run("& { 'b'; throw 'enough' } | Open-DfssFile -Peer $peer").Ending);
        await end.Peer.WhenDeserted.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_stream_that_was_opened_is_disposed_where_the_next_one_is_stopped()
    {
        using ManualResetEventSlim isOpen = new();
        end.Set("isOpen", isOpen);
        end.Peer.Holds = (held, _, _) => held == Operations.Read && isOpen.IsSet;
        await end.RunAsync(
            EndKind.Stop, "& { 'b'; $isOpen.Set(); 'c' } | Open-DfssFile -Peer $peer", hasProgress: false);
    }

    [Fact]
    public void A_stream_stays_open_where_a_later_command_ends_the_pipeline() => Assert.Equal(
        [0xBB],
        end.Session.Run(
            """
            foreach ($i in 1) {
                Open-DfssFile none, b -Peer $peer -ErrorAction Ignore | ForEach-Object { $given = $_; break }
            }
            $given.ReadByte()
            $given.Dispose()
            """).As<int>());

    [Theory]
    [InlineData(Operations.Hello, Set)]
    [InlineData(Operations.Prepare, Set)]
    [InlineData(Operations.StoreChunks, Set)]
    [InlineData(Operations.Seal, Set)]
    [InlineData(Operations.Accept, Set)]
    [InlineData(Operations.Prepare, SetStream)]
    [InlineData(Operations.StoreChunk, SetStream)]
    [InlineData(Operations.Seal, SetStream)]
    public async Task Setting_is_stopped_at(string operation, string command)
    {
        byte[] content = new byte[Length];
        content.AsSpan().Fill(0xCC);
        end.Set("stream", new MemoryStream(content));
        end.Peer.Holds = (held, _, _) => held == operation;
        await end.RunAsync(EndKind.Stop, command, hasProgress: false);
        Assert.Empty(end.Session.Run("Get-DfssFileInfo c* -Peer $store").ThrowIfFailed().Output);
        end.Set("stream", new MemoryStream(content));
        Assert.Single(end.Session.Run(command).As<DfssFileInfo>());
    }
}
