using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.EarlyEnds;

/// <summary>A send that was stopped, and the same command run again.</summary>
public sealed class ResumedSendTests : IAsyncLifetime
{
    private const string Send = "Send-DfssFile -LiteralPath in/b -Peer $peer -Verbose";

    private EarlyEnd end = null!;

    public async ValueTask InitializeAsync()
    {
        end = await EarlyEnd.StartAsync();
        end.MakeFile("b", 0xBB, 9 << 20);
        File.SetLastWriteTimeUtc(Path.Combine(end.In, "b"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
    }

    public ValueTask DisposeAsync() => end.DisposeAsync();

    [Theory]
    [InlineData("", true)]
    [InlineData(" -Restart", false)]
    public async Task It_resumes_where_it_was_stopped_unless_Restart_is_given(string restart, bool goesOn)
    {
        // The manifest is the first that goes in a batch: all chunks are there by then.
        end.Peer.Holds = (operation, _, _) => operation == Operations.StoreChunks;
        await end.RunAsync(EndKind.Stop, Send);
        string folder = Path.Combine(UserState.Folder!, "sends");
        Assert.Contains($"dfss-test-state-{Environment.ProcessId}", folder, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(folder));

        end.Peer.Release();
        Result result = end.Session.Run(Send + restart);

        Assert.Single(result.As<DfssFileInfo>());
        Assert.Equal(goesOn, result.Verbose.Any(text => text.EndsWith(
            "in/b' resumes: of its 9 chunks 9 are known from before, and 0 are read.", StringComparison.Ordinal)));
    }
}
