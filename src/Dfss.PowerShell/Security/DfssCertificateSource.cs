using System.Security.Cryptography.X509Certificates;

namespace Dfss;

/// <summary>A certificate as given to a command: the object itself, or the path or thumbprint to find it by.</summary>
public sealed class DfssCertificateSource
{
    internal DfssCertificateSource(X509Certificate2 certificate) => Certificate = certificate;

    internal DfssCertificateSource(string text) => Text = text;

    internal X509Certificate2? Certificate { get; }

    /// <summary>The path or thumbprint; empty where the certificate itself is given.</summary>
    internal string Text { get; } = string.Empty;

    /// <summary>The subject, the path or the thumbprint; contains no secret.</summary>
    public override string ToString() => Certificate?.Subject ?? Text;
}
