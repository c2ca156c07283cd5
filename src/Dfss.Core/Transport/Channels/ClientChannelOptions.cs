using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>How a client connects.</summary>
internal sealed record ClientChannelOptions
{
    public static ClientChannelOptions Default { get; } = new();

    /// <summary>How long connecting and hello may take, each. 10 s: a SYN lost three times still arrives.</summary>
    public TimeSpan ConnectTimeout
    {
        get;
        init => field = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ConnectTimeout), value, "A time-out is above 0.");
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The connection's limits. Idle for 100 s, it is closed from here, before the peer does at 120 s: so no request meets a peer that
    /// closes at that moment.
    /// </summary>
    public ChannelOptions Channel { get; init; } = new() { IdleLimit = TimeSpan.FromSeconds(100) };

    /// <summary>Where answers' payloads are kept when the caller gives no destination. Share one over all the peers of a client.</summary>
    public PayloadPool Pool { get; init; } = new(DefaultPoolBytes);

    /// <summary>Two answers of the largest size.</summary>
    public const long DefaultPoolBytes = 2L * DfssLimits.MaxPayloadBytes;

    /// <summary>The versions offered in hello.</summary>
    public IReadOnlyList<int> Versions { get; init; } = Handshake.SupportedVersions;

    /// <summary>The name and version said in hello.</summary>
    public string Software { get; init; } = Handshake.Software;

    /// <summary>
    /// The state folder of this user, where the tokens of the peers on loopback that he started lie; null for a user without one.
    /// </summary>
    public string? StateFolder { get; init; } = UserState.Folder;

    /// <summary>While requests wait, the peer is asked this often whether it lives.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A peer that answers no ping, and moves no byte, for so long is dead.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Called, from any thread, with each request when it has ended, ping and hello left out.</summary>
    public Action<string>? Debug { get; init; }

    /// <summary>
    /// Done first on each connection to a peer of the same cluster: whichever side has the older revocation list gets the newer one. Null: not.
    /// </summary>
    public RevocationExchange? Revocations { get; init; }

    /// <summary>Makes the connection; TCP by default.</summary>
    public Func<PeerAddress, TimeSpan, CancellationToken, Task<IConnection>> Connect { get; init; } = TcpTransport.ConnectAsync;
}
