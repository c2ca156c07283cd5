using System.Security;
using System.Security.Cryptography.X509Certificates;
using Dfss.Testing;

namespace Dfss.Tests.Security;

/// <summary>
/// A folder with what a company's authority has issued to a peer, to Ann (a writer) and to Bob (a reader).
/// </summary>
internal sealed class CompanyFolder : IDisposable
{
    public const string Password = "Xe7;quite-secret";

    private readonly TemporaryFolder folder = new();
    private readonly CompanyAuthority other = new("Other CA");

    public CompanyFolder()
    {
        Peer = Authority.IssuePeer();
        Ann = Authority.IssueClient("ann");
        Write("ca.pem", Authority.Certificate.ExportCertificatePem());
        File.WriteAllBytes(folder["ca.cer"], Authority.Certificate.Export(X509ContentType.Cert));
        Write("other.pem", other.Certificate.ExportCertificatePem());
        Write("peer.pem", CompanyAuthority.ToPem(Peer));
        Write("ann.pem", CompanyAuthority.ToPem(Ann));
        Write("ann-locked.pem", CompanyAuthority.ToPem(Ann, Password));
        Write("ann-alone.pem", Ann.ExportCertificatePem());
        File.WriteAllBytes(folder["ann.pfx"], Ann.Export(X509ContentType.Pkcs12));
        File.WriteAllBytes(folder["ann-locked.pfx"], Ann.Export(X509ContentType.Pkcs12, Password));
        Write("bob.pem", CompanyAuthority.ToPem(Authority.IssueClient("bob")));
        Write("eve.pem", CompanyAuthority.ToPem(Authority.IssueClient("eve")));
        Write("old.pem", CompanyAuthority.ToPem(Authority.IssueClient("old", isExpired: true)));
        X509Certificate2 lost = Authority.IssueClient("lost");
        Write("lost.pem", CompanyAuthority.ToPem(lost));
        Write("untrusted.pem", CompanyAuthority.ToPem(other.IssueClient("ann")));
        File.WriteAllBytes(folder["revoked.crl"], Authority.Revoke(lost));
        Write("mixed.pem",
            Ann.ExportCertificatePem() + CompanyAuthority.ToPem(Peer)[Peer.ExportCertificatePem().Length..]);
        Write("text.txt", "nothing of the kind");
        Write("roles.json",
            """[ { "subject": "CN=ann", "role": "writer" }, { "subject": "CN=bob", "role": "reader" } ]""");
        Write("a.bin", "contents");
    }

    public CompanyAuthority Authority { get; } = new();

    public X509Certificate2 Peer { get; }

    public X509Certificate2 Ann { get; }

    public string Path => folder.Path;

    /// <summary>A session that is in the folder, with the password and a wrong one as variables.</summary>
    public Session Open()
    {
        Session session = new();
        session.Runspace.SessionStateProxy.Path.SetLocation(
            System.Management.Automation.WildcardPattern.Escape(folder.Path));
        session.Runspace.SessionStateProxy.SetVariable("password", Secure(Password));
        session.Runspace.SessionStateProxy.SetVariable("wrong", Secure("no"));
        session.Runspace.SessionStateProxy.SetVariable("ann", Ann);
        session.Runspace.SessionStateProxy.SetVariable("ca", Authority.Certificate);
        return session;
    }

    public void Dispose()
    {
        Authority.Dispose();
        other.Dispose();
        folder.Dispose();
    }

    private static SecureString Secure(string text)
    {
        SecureString secret = new();
        foreach (char character in text)
        {
            secret.AppendChar(character);
        }

        return secret;
    }

    private void Write(string name, string text) => File.WriteAllText(folder[name], text);
}
