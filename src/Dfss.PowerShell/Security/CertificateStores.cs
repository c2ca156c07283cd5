using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dfss.Commands;

/// <summary>The certificate stores of the user and of the machine, searched by thumbprint.</summary>
internal static class CertificateStores
{
    private static readonly StoreName[] Personal = [StoreName.My];
    private static readonly StoreName[] Authorities = [StoreName.Root, StoreName.CertificateAuthority, StoreName.My];
    private static readonly StoreLocation[] Locations = [StoreLocation.CurrentUser, StoreLocation.LocalMachine];

    /// <summary>
    /// The thumbprint that a text is, without the blanks and colons that tools show; null where the text is none.
    /// </summary>
    internal static string? ToThumbprint(string text)
    {
        string digits = string.Concat(text.Where(character => character is not (' ' or ':' or '\u200e')));
        return digits.Length == SHA1.HashSizeInBytes * 2 && digits.All(char.IsAsciiHexDigit) ? digits : null;
    }

    /// <summary>A certificate with its key.</summary>
    /// <exception cref="CmdletException">CertificateNotFound.</exception>
    internal static X509Certificate2 FindOwn(string thumbprint, string text) => Find(Personal, thumbprint, text);

    /// <summary>An authority's certificate.</summary>
    /// <exception cref="CmdletException">CertificateNotFound.</exception>
    internal static X509Certificate2 FindAuthority(string thumbprint, string text) =>
        Find(Authorities, thumbprint, text);

    private static X509Certificate2 Find(StoreName[] names, string thumbprint, string text)
    {
        foreach (StoreLocation location in Locations)
        {
            foreach (StoreName name in names)
            {
                if (Find(location, name, thumbprint) is { } found)
                {
                    return found;
                }
            }
        }

        throw CertificateErrors.ThumbprintNotFound(
            text, Locations.SelectMany(location => names.Select(name => $"{location}/{name}")));
    }

    private static X509Certificate2? Find(StoreLocation location, StoreName name, string thumbprint)
    {
        using var store = new X509Store(name, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
        }
        catch (CryptographicException)
        {
            // This system has no such store: Linux has no LocalMachine/My, and no store before the first write to it.
            return null;
        }

        return store.Certificates.Find(X509FindType.FindByThumbprint, thumbprint, validOnly: false).FirstOrDefault();
    }
}
