using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Transfer;

/// <summary>Calls to the other side of a copy, whichever way they go.</summary>
internal interface IItemCalls : IAsyncDisposable
{
    /// <summary>Makes one call.</summary>
    /// <exception cref="DfssException">The error that the other side answered, or why there is no answer.</exception>
    ValueTask<Response> CallAsync(
        string operation, MessageMap arguments, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken);
}
