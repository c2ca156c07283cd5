using Dfss.Protocol;

namespace Dfss.Transport;

/// <summary>How a client connects.</summary>
internal sealed record ClientChannelOptions
{
    public static ClientChannelOptions Default { get; } = new();

    /// <summary>
    /// How long connecting may take, and how long hello may take. 10 s: a SYN that is lost three times still arrives.
    /// </summary>
    public TimeSpan ConnectTimeout
    {
        get;
        init => field = value > TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ConnectTimeout), value, "A time-out is above 0.");
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The limits of the connection. The client closes it after 100 s of idleness, before the peer does after 120 s: so
    /// no request is sent to a peer that is just closing the connection.
    /// </summary>
    public ChannelOptions Channel { get; init; } = new() { IdleLimit = TimeSpan.FromSeconds(100) };

    /// <summary>
    /// Holds the payloads of answers for which the caller gives no destination. One pool is shared by
    /// all the links of a client.
    /// </summary>
    public PayloadPool Pool { get; init; } = new(DefaultPoolBytes);

    /// <summary>The default size of the pool: two answers of the largest size.</summary>
    public const long DefaultPoolBytes = 2L * DfssLimits.MaxPayloadBytes;

    /// <summary>The protocol versions that the client offers in hello.</summary>
    public IReadOnlyList<int> Versions { get; init; } = Handshake.SupportedVersions;

    /// <summary>The software name and version that the client sends in hello.</summary>
    public string Software { get; init; } = Handshake.Software;

    /// <summary>
    /// The state folder of this user, which holds the tokens of the peers that the user started on loopback;
    /// null for a user without one.
    /// </summary>
    public string? StateFolder { get; init; } = UserState.Folder;

    /// <summary>How often the client pings the peer while requests wait.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A peer that answers no ping and moves no byte for this long counts as dead.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Called, from any thread, with a line about each request that has ended, except ping and hello.
    /// </summary>
    public Action<string>? Debug { get; init; }

    /// <summary>
    /// Runs first on each connection to a peer of the same cluster: the side with the older revocation list gets the
    /// newer one. Null for no exchange.
    /// </summary>
    public RevocationExchange? Revocations { get; init; }

    /// <summary>The same for the statement of where the cluster's issuer is.</summary>
    public IssuerExchange? Issuer { get; init; }

    /// <summary>Opens the connection; TCP by default.</summary>
    public Func<PeerAddress, TimeSpan, CancellationToken, Task<IConnection>> Connect
    {
        get;
        init;
    } = TcpTransport.ConnectAsync;
}
