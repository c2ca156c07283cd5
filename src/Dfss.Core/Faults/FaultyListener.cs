using System.Collections.Concurrent;
using System.Net;
using Dfss.Transport;

namespace Dfss.Faults;

/// <summary>A listener whose connections have the outages of a peer under test.</summary>
internal sealed class FaultyListener : IConnectionListener
{
    private readonly IConnectionListener inner;
    private readonly FaultSwitch faults;
    private readonly ConcurrentDictionary<FaultyConnection, bool> open = new();

    public FaultyListener(IConnectionListener inner, FaultSwitch faults)
    {
        this.inner = inner;
        this.faults = faults;
        faults.Severed += Sever;
    }

    /// <inheritdoc/>
    public IReadOnlyList<IPEndPoint> Endpoints => inner.Endpoints;

    /// <inheritdoc/>
    public async ValueTask<IConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            IConnection accepted = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
            FaultyConnection connection = new(accepted, faults, ended => open.TryRemove(ended, out _));
            open[connection] = true;

            // After it was added: a change of the faults is seen here, or sees the connection.
            if (faults.Current.Outage != PeerOutage.Refused)
            {
                return connection;
            }

            connection.Abort();
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        faults.Severed -= Sever;
        return inner.DisposeAsync();
    }

    private void Sever()
    {
        foreach (FaultyConnection connection in open.Keys)
        {
            connection.Abort();
        }
    }
}
