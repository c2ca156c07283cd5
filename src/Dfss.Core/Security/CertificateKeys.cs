using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Security;

/// <summary>
/// Keys of members. A client that asks for a certificate proves by a request (PKCS#10) that it has the private key, and
/// the key never leaves the client.
/// </summary>
internal static class CertificateKeys
{
    /// <summary>A request that proves possession of a key and asks for no attributes.</summary>
    public static byte[] Request(ECDsa key) =>
        new CertificateRequest(
            new X500DistinguishedName(string.Empty), key, HashAlgorithmName.SHA256).CreateSigningRequest();

    /// <summary>The SHA-256 of the public key that a request proves.</summary>
    /// <exception cref="DfssException">InvalidArgument: the request proves no key.</exception>
    public static byte[] HashOf(byte[] request)
    {
        try
        {
            PublicKey key = CertificateRequest.LoadSigningRequest(request, HashAlgorithmName.SHA256).PublicKey;
            return SHA256.HashData(key.ExportSubjectPublicKeyInfo());
        }
        catch (CryptographicException error)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, $"The certificate request proves no key: {error.Message}", error);
        }
    }
}
