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

    private string Configuration => Path.Combine(folder, "ceph.conf");

    /// <summary>The test is skipped where there is none.</summary>
    public static CephParts Find()
    {
        string? folder = Environment.GetEnvironmentVariable(Folder);
        Assert.SkipUnless(folder is not null, $"It takes a Ceph that can be harmed: {Folder} is its folder.");
        return new CephParts(folder);
    }

    /// <summary>The test is skipped where there is none, or one that loses objects with an OSD.</summary>
    public static CephParts FindWithCopies()
    {
        CephParts ceph = Find();
        Assert.SkipUnless(
            int.Parse(Environment.GetEnvironmentVariable(Copies) ?? "1", CultureInfo.InvariantCulture) > 1,
            "This Ceph keeps one copy of each object.");
        return ceph;
    }

    /// <summary>Sets how many bytes a bucket may have; null: as many as there is space for.</summary>
    public void SetQuota(string bucket, long? bytes)
    {
        string[] scope = ["--quota-scope=bucket", $"--bucket={bucket}"];
        if (bytes is { } limit)
        {
            SystemTool.Read(
                "radosgw-admin",
                [
                    "-c", Configuration, "quota", "set", .. scope,
                    string.Create(CultureInfo.InvariantCulture, $"--max-size={limit}"),
                ]);
        }

        SystemTool.Read(
            "radosgw-admin", ["-c", Configuration, "quota", bytes is null ? "disable" : "enable", .. scope]);
    }

    /// <summary>SIGKILL to the OSD that all requests for objects' contents go to, with what it had in memory.</summary>
    /// <returns>Its number.</returns>
    public int KillOsd()
    {
        using JsonDocument map = JsonDocument.Parse(SystemTool.Read(
            "ceph", ["-c", Configuration, "osd", "map", DataPool, "any", "-f", "json"]));
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
