using System.Globalization;
using System.Text.Json;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>The Ceph that tests/Dfss.Ceph/run.sh has started, to harm parts of it.</summary>
internal sealed class CephParts
{
    private const string Folder = "DFSS_CEPH";
    private const string Copies = "DFSS_CEPH_COPIES";
    private const string DataPool = "default.rgw.buckets.data";

    private readonly string folder;

    private CephParts(string folder) => this.folder = folder;

    /// <summary>The test is skipped where there is none, or one that loses objects with an OSD.</summary>
    public static CephParts Find()
    {
        string? folder = Environment.GetEnvironmentVariable(Folder);
        Assert.SkipUnless(folder is not null, $"It takes a Ceph that can be harmed: {Folder} is its folder.");
        Assert.SkipUnless(
            int.Parse(Environment.GetEnvironmentVariable(Copies) ?? "1", CultureInfo.InvariantCulture) > 1,
            "This Ceph keeps one copy of each object.");
        return new CephParts(folder);
    }

    /// <summary>SIGKILL to the OSD that all requests for objects' contents go to, with what it had in memory.</summary>
    /// <returns>Its number.</returns>
    public int KillOsd()
    {
        using JsonDocument map = JsonDocument.Parse(SystemTool.Read(
            "ceph", ["-c", Path.Combine(folder, "ceph.conf"), "osd", "map", DataPool, "any", "-f", "json"]));
        int osd = map.RootElement.GetProperty("acting_primary").GetInt32();
        UnixSignal.Send(ReadProcessId($"osd.{osd}"), UnixSignal.Kill);
        return osd;
    }

    /// <summary>SIGSTOP to radosgw.</summary>
    public void StopGateway() => UnixSignal.Send(ReadProcessId("client.rgw"), UnixSignal.Stop);

    /// <summary>SIGCONT to radosgw.</summary>
    public void ContinueGateway() => UnixSignal.Send(ReadProcessId("client.rgw"), UnixSignal.Continue);

    private int ReadProcessId(string name) =>
        int.Parse(File.ReadAllText(Path.Combine(folder, "run", $"{name}.pid")), CultureInfo.InvariantCulture);
}
