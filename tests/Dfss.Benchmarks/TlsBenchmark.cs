using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>What TLS costs, with both sides authenticated.</summary>
internal static class TlsBenchmark
{
    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        WriteIdentities(folder);
        PairBenchmark pair = new(folder, "plaintext", "TLS 1.3")
        {
            PeerArguments =
                $"-Certificate '{folder}/peer.pem' -TrustedAuthority '{folder}/ca.pem' -RoleFile '{folder}/roles.json'",
            ClientArguments = $"-Certificate '{folder}/client.pem' -TrustedAuthority '{folder}/ca.pem'",
        };
        await pair.RunAsync(fileMebibytes, rounds, output);
    }

    private static void WriteIdentities(string folder)
    {
        using CompanyAuthority authority = new();
        File.WriteAllText(Path.Combine(folder, "ca.pem"), authority.Certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "peer.pem"), CompanyAuthority.ToPem(authority.IssuePeer()));
        File.WriteAllText(Path.Combine(folder, "client.pem"), CompanyAuthority.ToPem(authority.IssueClient("client")));
        File.WriteAllText(Path.Combine(folder, "roles.json"), """[ { "subject": "CN=client", "role": "writer" } ]""");
    }
}
