using System.Net.Sockets;
using Dfss.Protocol;
using Dfss.Tests.Peers;
using Xunit;

namespace Dfss.Tests.Fuzz;

/// <summary>
/// Changed frames and noise over TCP at a real peer. Whatever it answers is a message and no fault; each connection
/// ends; the others are served; no connection and no memory is left.
/// </summary>
public sealed class PeerFuzzTests(ITestOutputHelper output)
{
    private const int FramesOfAConnection = 8;

    [Fact]
    public async Task Changed_frames_harm_no_peer()
    {
        (int seed, int count) = FuzzSettings.Take(output, usual: 300);
        await using WatchedPeer watched = await WatchedPeer.StartAsync();
        FrameMutator mutator = new(seed);
        Dictionary<DfssErrorCode, int> outcomes = [];
        for (int i = 0; i < count; i++)
        {
            await using RawClient client = mutator.Below(8) == 0
                ? await RawClient.ConnectAsync(watched.Peer)
                : await RawClient.GreetAsync(watched.Peer);
            Message? answer = null;
            for (int sent = 0; sent < FramesOfAConnection && (sent == 0 || answer is { Id: not null }); sent++)
            {
                byte[] frame = mutator.NextWhole();
                await client.SendAsync(frame);
                answer = await ReadAsync(client, $"seed {seed}: {Convert.ToHexStringLower(frame)}");
                DfssErrorCode outcome = answer?.Status ?? DfssErrorCode.PeerUnreachable;
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            }

            if (answer is { Id: not null })
            {
                await SendAndEndAsync(client, mutator.Next());
                _ = await ReadAsync(client, $"seed {seed}");
            }
        }

        await watched.AssertUnharmedAsync();
        output.WriteLine(
            string.Join(", ", outcomes.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}")));
        Assert.Contains(DfssErrorCode.None, outcomes.Keys);
        Assert.Contains(DfssErrorCode.ProtocolViolation, outcomes.Keys);
        Assert.Contains(DfssErrorCode.InvalidArgument, outcomes.Keys);
    }

    [Fact]
    public async Task Noise_harms_no_peer()
    {
        (int seed, int count) = FuzzSettings.Take(output, usual: 50);
        await using WatchedPeer watched = await WatchedPeer.StartAsync();
        Random random = new(seed);
        for (int i = 0; i < count; i++)
        {
            byte[] noise = new byte[random.Next(5, 5000)];
            random.NextBytes(noise);

            // Else nearly all are refused by their first byte.
            noise[0] = 0;
            noise[1] = (byte)random.Next(2);
            await using RawClient client = random.Next(2) == 0
                ? await RawClient.ConnectAsync(watched.Peer)
                : await RawClient.GreetAsync(watched.Peer);
            await SendAndEndAsync(client, noise);
            Message? last = await ReadAsync(client, $"seed {seed}, {i}");
            Assert.True(
                last is null or { Id: null, Status: DfssErrorCode.ProtocolViolation or DfssErrorCode.LimitExceeded },
                $"{last}, seed {seed}, {i}");
        }

        await watched.AssertUnharmedAsync();
    }

    /// <summary>
    /// The next message, or null where the peer closed, which it may do while something is still on its way to it.
    /// </summary>
    private static async Task<Message?> ReadAsync(RawClient client, string what)
    {
        try
        {
            Message? answer = await client.ReadAsync();
            Assert.True(answer?.Status != DfssErrorCode.PeerFault, $"A fault, {what}");
            return answer;
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.PeerUnreachable)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"No answer and no end came, {what}");
            throw;
        }
    }

    /// <summary>Sends and says that nothing more comes: what is cut short is not waited for.</summary>
    private static async Task SendAndEndAsync(RawClient client, byte[] bytes)
    {
        try
        {
            await client.SendAsync(bytes);
            client.End();
        }
        catch (Exception error) when (error is DfssException { Code: DfssErrorCode.PeerUnreachable } or SocketException)
        {
            // The peer has closed already.
        }
    }
}
