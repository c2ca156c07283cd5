using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Testing;

namespace Dfss.Benchmarks;

/// <summary>The certificates of a benchmark, and the arguments of peers and clients that use them.</summary>
internal sealed record TlsFiles(string PeerArguments, string ClientArguments)
{
    public static TlsFiles Create(string folder)
    {
        using CompanyAuthority authority = new();
        File.WriteAllText(Path.Combine(folder, "ca.pem"), authority.Certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "peer.pem"), CompanyAuthority.ToPem(authority.IssuePeer()));
        File.WriteAllText(Path.Combine(folder, "client.pem"), CompanyAuthority.ToPem(authority.IssueClient("client")));
        File.WriteAllText(Path.Combine(folder, "roles.json"), """[ { "subject": "CN=client", "role": "writer" } ]""");
        return new(
            $"-Certificate '{folder}/peer.pem' -TrustedAuthority '{folder}/ca.pem' -RoleFile '{folder}/roles.json'",
            $"-Certificate '{folder}/client.pem' -TrustedAuthority '{folder}/ca.pem'");
    }

    /// <summary>The identity of the peer, of the files in a folder.</summary>
    public static TlsIdentity ReadPeer(string folder) =>
        new(Read(folder, "peer.pem"), [X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.pem"))])
        {
            RoleFilePath = Path.Combine(folder, "roles.json"),
        };

    /// <summary>The identity of the client.</summary>
    public static TlsIdentity ReadClient(string folder) => new(
        Read(folder, "client.pem"), [X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.pem"))]);

    private static X509Certificate2 Read(string folder, string name) =>
        X509Certificate2.CreateFromPemFile(Path.Combine(folder, name));
}
