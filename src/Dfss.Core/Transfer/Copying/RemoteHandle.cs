using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>Something that the other side keeps open for this one; closed there on dispose.</summary>
internal abstract class RemoteHandle(IItemCalls calls, long handle) : IAsyncDisposable
{
    /// <summary>
    /// 2 s: what is not closed by then is closed at the end of the copy, or when the other side hears no more.
    /// </summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource limit = new(CloseLimit);
        try
        {
            using Response response = await CallAsync(
                ItemOperations.Close, payload: null, limit.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            // The other side is gone, and closes by itself.
        }
    }

    protected ValueTask<Response> CallAsync(
        string operation, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken,
        params ReadOnlySpan<(string Key, MessageValue Value)> arguments)
    {
        MessageMap map = new() { { "handle", handle } };
        foreach ((string key, MessageValue value) in arguments)
        {
            map.Add(key, value);
        }

        return calls.CallAsync(operation, map, payload, cancellationToken);
    }
}
