namespace Dfss.Peers;

/// <summary>How a peer runs.</summary>
public sealed record PeerOptions
{
    /// <summary>The store's folder, made where it does not exist; null keeps everything in memory.</summary>
    public string? StorePath { get; init; }

    /// <summary>
    /// What to listen on: <c>localhost</c> (127.0.0.1 and ::1), an IP address of this machine, or <c>*</c> for all. Anything but loopback
    /// needs <see cref="AllowUnauthenticatedNetwork"/>.
    /// </summary>
    public string Address { get; init; } = "localhost";

    /// <summary>The TCP port; 0 takes any free one.</summary>
    public int Port
    {
        get;
        init => field = value is >= 0 and <= ushort.MaxValue
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Port), value, "A port is 0 to 65535.");
    } = DfssLimits.DefaultPort;

    /// <summary>Where others can find this peer, as <c>host</c> or <c>host:port</c>; empty for what it listens on.</summary>
    public IReadOnlyList<string> AdvertisedAddresses { get; init; } = [];

    /// <summary>
    /// Lets the peer listen beyond loopback although nothing is encrypted and everybody who reaches the port can read, write and replace
    /// every file.
    /// </summary>
    public bool AllowUnauthenticatedNetwork { get; init; }

    /// <summary>Called, from any thread, with a line about what an operator should know.</summary>
    public Action<string>? Log { get; init; }

    /// <summary>The clock for time-outs.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
