using System.Diagnostics.CodeAnalysis;

namespace Dfss.Peers;

/// <summary>A running peer: a process's service of one store. Stops on dispose.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "skeleton")]
public sealed class DfssPeer : IAsyncDisposable
{
    private DfssPeer()
    {
    }

    /// <summary>The options it was started with.</summary>
    public PeerOptions Options => throw new NotSupportedException();

    /// <summary>The store it serves.</summary>
    public StoreId StoreId => throw new NotSupportedException();

    /// <summary>The TCP port it listens on.</summary>
    public int Port => throw new NotSupportedException();

    /// <summary>Where others can find it, as <c>host:port</c>.</summary>
    public IReadOnlyList<string> AdvertisedAddresses => throw new NotSupportedException();

    /// <summary>Open connections at this moment.</summary>
    public int Connections => throw new NotSupportedException();

    /// <summary>Ends when the peer has stopped; fails when it had to stop because of a fault.</summary>
    public Task Completion => throw new NotSupportedException();

    /// <summary>Opens the store and listens. When it returns, clients can connect.</summary>
    /// <exception cref="DfssException">StoreInUse, StoreFormat, StoreNotSupported, AddressUnavailable, InvalidArgument.</exception>
    public static Task<DfssPeer> StartAsync(PeerOptions options, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Stops: takes no more, answers what is under way (for at most 5 s), closes the store.</summary>
    public Task StopAsync() => throw new NotSupportedException();

    /// <summary>Stops the peer.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
