using System.Collections.Concurrent;
using Dfss.Peers;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>A fault of the peer's own in one request.</summary>
public sealed class PeerFaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_fault_is_the_error_of_its_request_and_the_logs_matter_and_the_connection_goes_on()
    {
        ConcurrentQueue<string> log = new();
        PayloadPool pool = new(64 << 20);
        PeerMemory memory = new();
        IdentityShare share = memory.Open();
        using SessionLog sessionLog = new(log.Enqueue, TimeProvider.System);
        (MemoryConnection near, MemoryConnection far) = MemoryConnection.CreatePair();
        await using LocalStore store = await LocalStore.OpenAsync(path: null, new LocalStoreOptions(), Token);
        ClusterRequests cluster = new(
            issuer: null, () => throw new InvalidOperationException("asked only by an issuer"), () => null,
            _ => Task.CompletedTask, _ => Task.CompletedTask);
        RequestHandlers handlers = new(
            store, store.Records, cluster,
            new UpkeepRequests(
                store, () => throw new InvalidOperationException("secret\nof the peer"), collected: () => { }));
        PeerSession session = new(
            new MessageChannel(far, memory.Pool, new ChannelOptions { MaxBodyBytes = DfssLimits.MaxHelloFrameBytes }),
            (_, _) => new Welcome(
                RemoteIdentity.Unnamed,
                handlers.For(RemoteIdentity.Unnamed),
                new HelloAnswer(1, "test", store.StoreId, [], [], HelloLimits.Default),
                share.Requests,
                new AnswerMemory(memory.Pool, share.Answers),
                share.Work),
            sessionLog,
            "here")
        {
            HelloLimit = RawClient.TimeLimit,
        };
        Task running = session.RunAsync();
        await using MessageChannel client = new(
            near, pool, new ChannelOptions { MaxBodyBytes = DfssLimits.MaxFrameBytes });

        Assert.Equal(DfssErrorCode.None, (await AskAsync(client, 1, Operations.Hello, RawClient.Hello)).Status);
        Message answer = await AskAsync(client, 2, Operations.PeerInfo, MessageMap.Empty);
        Assert.Equal((2u, DfssErrorCode.PeerFault), (answer.Id!.Value, answer.Status));
        Assert.DoesNotContain("secret", answer.Map.Required("message").AsText(), StringComparison.Ordinal);
        string line = Assert.Single(log);
        Assert.Contains(
            "peer_info met a fault: System.InvalidOperationException: secret of the peer", line,
            StringComparison.Ordinal);
        Assert.Contains(nameof(RequestHandler), line, StringComparison.Ordinal);
        Assert.Equal(DfssErrorCode.None, (await AskAsync(client, 3, Operations.Ping, MessageMap.Empty)).Status);

        session.Close();
        await running.WaitAsync(RawClient.TimeLimit, Token);
    }

    private static async Task<Message> AskAsync(MessageChannel client, uint id, string operation, MessageMap arguments)
    {
        await client.WriteAsync(Message.Request(id, operation, arguments), payload: null, Token);
        using ReceivedMessage answer = Assert.IsType<ReceivedMessage>(
            await client.ReadAsync(Token).AsTask().WaitAsync(RawClient.TimeLimit, Token));
        return answer.Message;
    }
}
