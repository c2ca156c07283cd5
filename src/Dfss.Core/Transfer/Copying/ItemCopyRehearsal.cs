using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>
/// What a host does before its client asks for it, with itself: it receives a small file. The host's code is in a load
/// context that can be unloaded, for which nothing is compiled ahead; to compile it takes longer than to receive 100
/// MB. A rehearsal compiles it on other threads, while the client makes its first calls.
/// </summary>
internal static class ItemCopyRehearsal
{
    private const string Host = "127.0.0.1";

    /// <summary>10 s: a machine that needs longer is busy with better things.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Rehearses. A failure is none of the copy, which shows it if it meets the same.
    /// </summary>
    /// <returns>The failure of each part; null where it was rehearsed to its end.</returns>
    public static async Task<IReadOnlyList<Exception?>> RunAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        return await Task.WhenAll(
            TryAsync(ConnectAsync, limit.Token), TryAsync(WriteAsync, limit.Token)).ConfigureAwait(false);
    }

    private static async Task<Exception?> TryAsync(Func<CancellationToken, Task> part, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await part(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException or IOException
            or UnauthorizedAccessException)
        {
            // Such as a temporary folder that is full, or no loopback: nothing is compiled ahead then.
            return error;
        }
    }

    /// <summary>A connection over loopback, its handshake and a call.</summary>
    private static async Task ConnectAsync(CancellationToken cancellationToken)
    {
        using PinnedTls tls = new();
        tls.Pin(tls.Certificate);
        ItemServer server = CreateServer();
        await using (server.ConfigureAwait(false))
        {
            ItemListener listener = new(TcpTransport.Listen(Host, port: 0), tls, server, static () => { });
            await using (listener.ConfigureAwait(false))
            {
                TlsConnection connection = tls.Connect(await TcpTransport.ConnectAsync(
                    new PeerAddress(Host, listener.Port), Limit, cancellationToken).ConfigureAwait(false));
                ChannelOptions options = new() { MaxBodyBytes = DfssLimits.MaxFrameBytes };
                MessageChannel channel = new(connection, new PayloadPool(ItemCopyHost.BufferBytes), options);
                await using (channel.ConfigureAwait(false))
                {
                    await connection.SecureAsync(cancellationToken).ConfigureAwait(false);
                    await channel.WriteAsync(
                        Message.Request(1, Operations.Ping, MessageMap.Empty), new byte[DfssLimits.MinChunkSize],
                        cancellationToken).ConfigureAwait(false);
                    using ReceivedMessage? answer = await channel.ReadAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>The calls of a copy of a file of two chunks, in a temporary folder.</summary>
    private static async Task WriteAsync(CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("dfss-");
        try
        {
            ItemServer server = CreateServer();
            await using (server.ConfigureAwait(false))
            {
                await WriteAsync(server, folder.FullName, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task WriteAsync(ItemServer server, string folder, CancellationToken cancellationToken)
    {
        byte[] chunk = new byte[DfssLimits.MinChunkSize];
        byte[] id = ChunkId.Of(chunk).ToByteArray();
        ItemFacts facts = new(2 * chunk.Length, chunk.Length, new UnixTime(0), UnixMode: null);
        MessageMap open = ItemCodec.Add(ItemCodec.ToMap(new ItemPath(folder, "rehearsal")), facts);
        open.Add("force", false);
        open.Add("may_be_there", true);
        await CallAsync(server, ItemOperations.Look, new MessageMap { { "path", folder } }, default, cancellationToken)
            .ConfigureAwait(false);
        long handle = (await CallAsync(server, ItemOperations.OpenTarget, open, default, cancellationToken)
            .ConfigureAwait(false)).Required("handle").AsInteger();
        for (int index = 0; index < facts.ChunkCount; index++)
        {
            MessageMap write = new() { { "handle", handle }, { "index", index }, { "id", id } };
            await CallAsync(server, ItemOperations.Write, write, chunk, cancellationToken).ConfigureAwait(false);
        }

        foreach (string last in (string[])[ItemOperations.Commit, ItemOperations.Close])
        {
            await CallAsync(server, last, new MessageMap { { "handle", handle } }, default, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    private static async Task<MessageMap> CallAsync(
        ItemServer server, string operation, MessageMap arguments, ReadOnlyMemory<byte> payload,
        CancellationToken cancellationToken)
    {
        (Message request, _) = ItemFrames.Read(
            MessageCodec.ToFrame(Message.Request(1, operation, arguments), payload: null));
        using ItemAnswer answer = await server.AnswerAsync(request, payload, cancellationToken).ConfigureAwait(false);
        return answer.Message.Status == DfssErrorCode.None
            ? answer.Message.Map
            : throw ErrorAnswer.ToException(answer.Message);
    }

    private static ItemServer CreateServer()
    {
        ChunkBuffers buffers = ItemCopyHost.CreateBuffers();
        return new ItemServer(new LocalItemSource(buffers), new LocalItemTarget(buffers));
    }
}
