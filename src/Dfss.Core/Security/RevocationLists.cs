using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dfss.Security;

/// <summary>
/// The revocation lists of one file: one in DER, or any number in PEM. For each authority the list with the highest
/// number ever read stays in force, so no list is rolled back.
/// </summary>
internal sealed class RevocationLists
{
    private readonly Dictionary<string, RevocationList> byIssuer;

    private RevocationLists(Dictionary<string, RevocationList> byIssuer) => this.byIssuer = byIssuer;

    /// <summary>The file, read at the first use.</summary>
    public static WatchedFile<RevocationLists> Watch(
        string path, IReadOnlyCollection<X509Certificate2> authorities, TimeProvider clock, Action<string>? log) =>
        new(path, "revocation list", (bytes, before) => Read(bytes, authorities, before, clock.GetUtcNow(), log), log);

    /// <summary>The number of an authority's list; 0 where the authority has none.</summary>
    /// <param name="issuer">The authority's name: its DER in hexadecimal.</param>
    public BigInteger NumberOf(string issuer) =>
        byIssuer.TryGetValue(issuer, out RevocationList? list) ? list.Number : BigInteger.Zero;

    /// <summary>Whether the authority has revoked this certificate.</summary>
    public bool IsRevoked(CertificateKey certificate) =>
        byIssuer.TryGetValue(certificate.Issuer, out RevocationList? list) && list.Names(certificate.Serial);

    private static RevocationLists Read(
        byte[] bytes,
        IReadOnlyCollection<X509Certificate2> authorities,
        RevocationLists? before,
        DateTimeOffset now,
        Action<string>? log)
    {
        Dictionary<string, RevocationList> lists = before is null ? [] : new(before.byIssuer);
        foreach (byte[] encoded in Split(bytes))
        {
            RevocationList list = RevocationList.Read(encoded, authorities);
            if (lists.TryGetValue(list.Issuer, out RevocationList? newest) && newest.Number > list.Number)
            {
                log?.Invoke(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Revocation list {list.Number} is older than {newest.Number}, which was read before and "
                        + $"stays in force."));
                continue;
            }

            if (list.NextUpdate < now)
            {
                log?.Invoke(
                    $"Revocation list {list.Number} was to be followed by another one until {list.NextUpdate:u}. It "
                        + "stays in force.");
            }

            lists[list.Issuer] = list;
        }

        return new RevocationLists(lists);
    }

    /// <summary>The lists in a file, each in DER.</summary>
    /// <exception cref="FormatException">The file contains none.</exception>
    public static IReadOnlyList<byte[]> Split(byte[] bytes)
    {
        const byte DerSequence = 0x30;
        if (bytes.Length > 0 && bytes[0] == DerSequence)
        {
            return [bytes];
        }

        List<byte[]> lists = [];
        ReadOnlySpan<char> rest = Encoding.ASCII.GetString(bytes);
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (rest[fields.Label] is "X509 CRL")
            {
                lists.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
            }

            rest = rest[fields.Location.End..];
        }

        return lists.Count > 0 ? lists : throw new FormatException("it has no revocation list, in PEM or DER");
    }
}
