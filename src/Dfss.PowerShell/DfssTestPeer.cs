using System.Runtime.CompilerServices;
using Dfss.Commands;
using Dfss.Faults;

namespace Dfss;

/// <summary>Whether a peer of a test cluster can be reached.</summary>
public enum DfssTestOutage
{
    /// <summary>It can.</summary>
    None,

    /// <summary>It neither answers nor closes a connection, like a machine that has lost its network.</summary>
    Dead,

    /// <summary>It breaks every connection at once, like a machine on which no peer runs.</summary>
    Refused,
}

/// <summary>
/// A peer of a test cluster. Its faults are properties: each holds from the assignment on, for connections that are
/// open too.
/// </summary>
public sealed class DfssTestPeer
{
    private readonly TestPeerRun run;
    private readonly Lock gate = new();
    private PeerFaults faults = PeerFaults.None;

    internal DfssTestPeer(TestPeerRun run) => this.run = run;

    /// <summary>Where it can be found, as host:port: what -Peer takes.</summary>
    public string Endpoint => run.Announcement.Addresses[0];

    /// <summary>The TCP port it listens on.</summary>
    public int Port => run.Announcement.Port;

    /// <summary>The id of its store: 32 hexadecimal digits.</summary>
    public string StoreId => run.Announcement.StoreId;

    /// <summary>The store's folder; null for a store in memory.</summary>
    public string? StorePath => run.StorePath;

    /// <summary>The id of its process.</summary>
    public int ProcessId => run.Announcement.ProcessId;

    /// <summary>Whether it can be reached: None, Dead or Refused.</summary>
    public DfssTestOutage Outage
    {
        get => (DfssTestOutage)faults.Outage;
        set => Change(now => now with { Outage = (PeerOutage)value }, value, "None, Dead or Refused");
    }

    /// <summary>Milliseconds that each request waits before the peer handles it. Requests wait beside each
    /// other.</summary>
    public int DelayMilliseconds
    {
        get => (int)faults.Delay.TotalMilliseconds;
        set => Change(now => now with { Delay = TimeSpan.FromMilliseconds(value) }, value, "0 or more");
    }

    /// <summary>Every so many requests, the peer breaks the connection in place of handling one; 0: never.</summary>
    public int DropEvery
    {
        get => faults.DropEvery;
        set => Change(now => now with { DropEvery = value }, value, "0 or more");
    }

    /// <summary>The share of its chunks that read with one bit changed, 0 to 1; $true is all of them.</summary>
    public double Corrupt
    {
        get => faults.CorruptShare;
        set => Change(now => now with { CorruptShare = value }, value, "a share, 0 to 1");
    }

    /// <summary>Whether it refuses new chunks, as a peer with a full disk does.</summary>
    public bool Full
    {
        get => faults.IsFull;
        set => Change(now => now with { IsFull = value }, value, "true or false");
    }

    /// <summary>Switches all faults off.</summary>
    public void Heal() => Apply(_ => PeerFaults.None);

    /// <summary>The endpoint.</summary>
    public override string ToString() => Endpoint;

    /// <summary>
    /// Changes one fault. The error of a value that cannot be has the name that the user has written.
    /// </summary>
    private void Change(
        Func<PeerFaults, PeerFaults> change, object value, string allowed, [CallerMemberName] string property = "")
    {
        try
        {
            Apply(change);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new ArgumentException(
                FormattableString.Invariant($"{property} is {allowed}, and not {value}."), exception);
        }
    }

    private void Apply(Func<PeerFaults, PeerFaults> change)
    {
        lock (gate)
        {
            PeerFaults next = change(faults);
            run.Apply(next);
            faults = next;
        }
    }
}
