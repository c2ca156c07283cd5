using System.Diagnostics;
using System.Management.Automation;
using Dfss.Protocol;
using Dfss.Transport;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.EarlyEnds;

/// <summary>A peer that waits for Ctrl+C, and gets it.</summary>
public sealed class PeerEarlyEndTests : IDisposable
{
    private readonly Session session = new();

    public void Dispose() => session.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public async Task Start_and_wait_is_stopped_while_a_client_reads_none_of_its_answers(int unread)
    {
        using Engine engine = session.Create();
        engine.AddScript("Start-DfssPeer -InMemory -Port 0 -Wait");
        TaskCompletionSource<DfssPeerInfo> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PSDataCollection<PSObject> output = [];
        output.DataAdded += (_, item) => started.TrySetResult((DfssPeerInfo)output[item.Index].BaseObject);
        IAsyncResult running = engine.BeginInvoke<PSObject, PSObject>(null, output);
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        DfssPeerInfo peer = await started.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
        PeerAddress address = PeerAddress.Parse(peer.Endpoint);
        IConnection connection =
            await TcpTransport.ConnectAsync(address, TimeSpan.FromSeconds(60), cancellationToken);
        await using MessageChannel client = new(connection, new PayloadPool(64 << 20), ChannelOptions.Default);
        await AskAsync(client, unread, cancellationToken);

        using PlainScript plain = await PlainScript.StartAsync();
        var watch = Stopwatch.StartNew();
        plain.BeginStop();
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        Assert.Throws<PipelineStoppedException>(() => engine.EndInvoke(running));
        await plain.AssertWithinASecondAsync(watch.Elapsed);
        Assert.DoesNotContain(
            session.Run("Get-DfssPeer").As<DfssPeerInfo>(), listed => listed.Endpoint == peer.Endpoint);
        DfssException failure = await Assert.ThrowsAsync<DfssException>(() =>
            TcpTransport.ConnectAsync(address, TimeSpan.FromSeconds(60), cancellationToken));
        Assert.Equal(DfssErrorCode.PeerUnreachable, failure.Code);
        client.Abort();
    }

    /// <summary>Stores a chunk, then asks for it again and again and reads no answer.</summary>
    private static async Task AskAsync(MessageChannel client, int times, CancellationToken cancellationToken)
    {
        byte[] content = new byte[1 << 20];
        MessageMap chunk = new() { { "chunk_id", ChunkId.Of(content).ToByteArray() } };
        HelloRequest hello = new(Handshake.SupportedVersions, "test/1", Capabilities: []);
        await client.WriteAsync(Message.Request(0, Operations.Hello, hello.ToMap()), payload: null, cancellationToken);
        using ReceivedMessage? greeting = await client.ReadAsync(cancellationToken);
        await client.WriteAsync(Message.Request(1, Operations.StoreChunk, chunk), content, cancellationToken);
        using ReceivedMessage? stored = await client.ReadAsync(cancellationToken);
        for (uint i = 0; i < times; i++)
        {
            await client.WriteAsync(
                Message.Request(2 + i, Operations.GetChunk, chunk), payload: null, cancellationToken);
        }
    }
}
