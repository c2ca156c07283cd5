using System.Net;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Faults;

/// <summary>
/// A connection that stands still while the peer is dead: nothing passes, and it does not close either, whatever the
/// peer does with it, until the peer is alive again.
/// </summary>
/// <param name="inner">The connection.</param>
/// <param name="faults">Tells whether the peer is dead.</param>
/// <param name="onDisposed">Called when it was disposed.</param>
internal sealed class FaultyConnection(IConnection inner, FaultSwitch faults, Action<FaultyConnection> onDisposed)
    : IConnection
{
    // Not disposed: Abort may come at any time, and it owns no timer or handle.
    private readonly CancellationTokenSource aborted = new();
    private volatile Task aborting = Task.CompletedTask;

    /// <inheritdoc/>
    public string RemoteAddress => inner.RemoteAddress;

    /// <inheritdoc/>
    public IPEndPoint? RemoteEndpoint => inner.RemoteEndpoint;

    /// <inheritdoc/>
    public ValidationResult? ValidationResult => inner.ValidationResult;

    /// <inheritdoc/>
    public TlsAgreement? Agreement => inner.Agreement;

    /// <inheritdoc/>
    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, aborted.Token);
        try
        {
            int received = await inner.ReceiveAsync(destination, either.Token).ConfigureAwait(false);
            await faults.WhenAlive.WaitAsync(either.Token).ConfigureAwait(false);
            return received;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Broken();
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken).ConfigureAwait(false);
        await inner.SendAsync(source, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(
        ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        await WaitAsync(cancellationToken).ConfigureAwait(false);
        await inner.SendAsync(header, rest, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Abort()
    {
        aborted.Cancel();
        aborting = AbortWhenAliveAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await faults.WhenAlive.ConfigureAwait(false);
        await aborting.ConfigureAwait(false);
        onDisposed(this);
        await inner.DisposeAsync().ConfigureAwait(false);
    }

    private async Task AbortWhenAliveAsync()
    {
        await faults.WhenAlive.ConfigureAwait(false);
        inner.Abort();
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, aborted.Token);
        try
        {
            await faults.WhenAlive.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Broken();
        }
    }

    private DfssException Broken() =>
        new(DfssErrorCode.PeerUnreachable, $"The connection from {RemoteAddress} was broken.");
}
