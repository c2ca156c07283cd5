namespace Dfss.Storage;

/// <summary>
/// An engine that keeps the objects of a store: where it is, and how to connect to it. It shows no credentials.
/// </summary>
public sealed class StoreEngine
{
    private readonly Func<IObjectStore> connect;

    /// <param name="address">Where the store is, without credentials.</param>
    /// <param name="connect">Makes a client with connections of its own; disposed by its user if it can be.</param>
    internal StoreEngine(string address, Func<IObjectStore> connect)
    {
        Address = address;
        this.connect = connect;
    }

    /// <summary>Where the store is, as the user names it.</summary>
    public string Address { get; }

    /// <summary>The same engine, which reports the steps of the probe at a peer's start.</summary>
    /// <param name="progressed">Called at each step, from any thread.</param>
    public StoreEngine Reporting(Action progressed) =>
        new(Address, connect) { ProbeRounds = ProbeRounds, Progressed = progressed };

    /// <summary>How often the writers race when a peer probes the engine.</summary>
    internal int ProbeRounds { get; init; } = DefaultProbeRounds;

    /// <summary>Called at each step of the probe; null for nothing.</summary>
    internal Action? Progressed { get; private init; }

    /// <summary><see cref="EngineProbe.DefaultRounds"/>. Tests of the cmdlets set it, where a caller cannot.</summary>
    internal static int DefaultProbeRounds { get; set; } = EngineProbe.DefaultRounds;

    /// <summary>The address.</summary>
    public override string ToString() => Address;

    /// <summary>One more client, with connections of its own.</summary>
    internal IObjectStore Connect() => connect();
}
