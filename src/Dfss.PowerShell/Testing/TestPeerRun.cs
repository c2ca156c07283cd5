using Dfss.Faults;

namespace Dfss.Commands;

/// <summary>A peer of a test cluster that runs, wherever its process is.</summary>
internal abstract class TestPeerRun : IAsyncDisposable
{
    /// <summary>Where it listens, and its store.</summary>
    internal abstract PeerAnnouncement Announcement { get; }

    /// <summary>The folder of its store; null in memory.</summary>
    internal abstract string? StorePath { get; }

    /// <summary>Gives it these faults; they hold when it returns.</summary>
    /// <exception cref="DfssException">PeerUnreachable: it has stopped.</exception>
    internal abstract void Apply(PeerFaults faults);

    /// <summary>Stops it.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>The error of a fault for a peer that has stopped.</summary>
    private protected DfssException Stopped(Exception? cause) => new(
        DfssErrorCode.PeerUnreachable,
        FormattableString.Invariant(
            $"The test peer {Announcement.Addresses[0]} (process {Announcement.ProcessId}) has stopped."),
        cause);
}
