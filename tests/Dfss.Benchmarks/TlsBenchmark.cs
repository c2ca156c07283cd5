using System.Globalization;
using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>
/// What TLS costs: the same file through two peers with stores on disk, in plaintext and over TLS with both sides authenticated, one
/// after the other in each round, and each first in turn.
/// </summary>
internal static class TlsBenchmark
{
    private const double Megabyte = 1e6;

    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        Workload source = Workload.CreateLarge(Path.Combine(folder, "source"), fileMebibytes);
        WriteIdentities(folder);
        string load = (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
        List<Way> plain = [];
        List<Way> secured = [];
        for (int i = 0; i < rounds; i++)
        {
            foreach (bool isSecured in i % 2 == 0 ? new[] { false, true } : [true, false])
            {
                (isSecured ? secured : plain).Add(await MeasureAsync(folder, source, isSecured));
            }
        }

        double megabytes = source.Bytes / Megabyte;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{fileMebibytes} MiB through two peers on disk, {rounds} rounds, {Environment.ProcessorCount} processors, load {load} at the start. "
            + $"Medians."));
        output.WriteLine();
        output.WriteLine("| | plaintext | TLS 1.3 | ratio |");
        output.WriteLine("|---|---|---|---|");
        Row("send, MB/s", way => megabytes / way.SendSeconds);
        Row("receive, MB/s", way => megabytes / way.ReceiveSeconds);
        Row("send, processor seconds per GB, all processes", way => way.SendProcessor * 1000 / megabytes);
        Row("receive, processor seconds per GB, all processes", way => way.ReceiveProcessor * 1000 / megabytes);

        void Row(string name, Func<Way, double> figure)
        {
            double before = Figures.Median(plain.Select(figure));
            double after = Figures.Median(secured.Select(figure));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {name} | {before:0.00} | {after:0.00} | {after / before:0.00} |"));
        }
    }

    private static void WriteIdentities(string folder)
    {
        using CompanyAuthority authority = new();
        File.WriteAllText(Path.Combine(folder, "ca.pem"), authority.Certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "peer.pem"), CompanyAuthority.ToPem(authority.IssuePeer()));
        File.WriteAllText(Path.Combine(folder, "client.pem"), CompanyAuthority.ToPem(authority.IssueClient("client")));
        File.WriteAllText(Path.Combine(folder, "roles.json"), """[ { "subject": "CN=client", "role": "writer" } ]""");
    }

    private static async Task<Way> MeasureAsync(string parent, Workload source, bool isSecured)
    {
        string folder = Path.Combine(parent, "round");
        Directory.CreateDirectory(folder);
        string peerIdentity = isSecured
            ? $"-Certificate '{parent}/peer.pem' -TrustedAuthority '{parent}/ca.pem' -RoleFile '{parent}/roles.json'" : string.Empty;
        string identity = isSecured ? $"-Certificate '{parent}/client.pem' -TrustedAuthority '{parent}/ca.pem'" : string.Empty;
        await using ShellPeer first = await ShellPeer.StartAsync(Path.Combine(folder, "store1"), peerIdentity);
        await using ShellPeer second = await ShellPeer.StartAsync(Path.Combine(folder, "store2"), peerIdentity);
        string peers = $"{first.Address},{second.Address}";
        string received = Path.Combine(folder, "received");

        await Machine.SettleAsync();
        ClientRun send = await ClientRun.StartAsync($"$null = Send-DfssFile '{source.Folder}/*' -Replicas 1 -Peer '{peers}' {identity}");
        double sendProcessor = first.ProcessorSeconds + second.ProcessorSeconds;
        await Machine.SettleAsync();
        ClientRun receive = await ClientRun.StartAsync(
            $"$null = Receive-DfssFile '*' -Destination '{received}/' -Peer '{peers}' {identity}");
        double receiveProcessor = first.ProcessorSeconds + second.ProcessorSeconds - sendProcessor;
        source.RequireEqual(received);
        await first.DisposeAsync();
        await second.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        return new Way(
            send.Seconds, receive.Seconds, sendProcessor + send.ProcessorSeconds, receiveProcessor + receive.ProcessorSeconds);
    }

    private sealed record Way(double SendSeconds, double ReceiveSeconds, double SendProcessor, double ReceiveProcessor);
}
