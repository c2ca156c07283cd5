using System.Security.Cryptography;
using System.Text;
using Dfss.Storage;
using Microsoft.Data.Sqlite;

namespace Dfss.Clusters;

/// <content>
/// The issued certificates. A member has one, and one more after each renewal. They are recorded together, so that they
/// can be revoked together.
/// </content>
internal sealed partial class IssuanceLedger
{
    /// <summary>
    /// 32 valid certificates of one member at a time: a member that renews in a loop cannot fill the disk.
    /// </summary>
    public const int MaxCertificates = 32;

    private const string Insert =
        "INSERT INTO certificate (serial, member, encoded, expires) VALUES ($1, $2, $3, $4) ON CONFLICT "
            + "(serial) DO NOTHING";

    /// <summary>
    /// Records a certificate that was issued without an invitation, where it is not recorded yet, as one of a separate
    /// member.
    /// </summary>
    public Task AdoptAsync(IssuedCertificate certificate) => database.WriteAsync(session => session.Execute(
        Insert, certificate.Serial, SHA256.HashData(Encoding.ASCII.GetBytes(certificate.Serial)), certificate.Encoded,
        certificate.Expires));

    /// <summary>
    /// Records a renewed certificate of a member, and deletes those of the member that expired a certificate's lifetime
    /// ago. One that expired less long ago may still be valid: the clock can be wrong, by less than the lifetime of the
    /// certificate that the member presented. It must stay known, so that it is revoked with the others.
    /// </summary>
    /// <param name="serial">The serial number of one of the member's certificates.</param>
    /// <param name="renewed">The new one.</param>
    /// <exception cref="DfssException">LimitExceeded; CertificateUnknown; StoreFull, StoreFailed.</exception>
    public async Task AddRenewedAsync(string serial, IssuedCertificate renewed)
    {
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        long? count = await database.WriteAsync(session =>
        {
            if (FindMember(session, serial) is not { } member)
            {
                return (long?)null;
            }

            long longExpired = now - (long)CertificateGrant.DefaultLifetime.TotalMilliseconds;
            session.Execute("DELETE FROM certificate WHERE member = $1 AND expires <= $2", member, longExpired);
            long held = (long)session.Prepare(
                "SELECT COUNT(*) FROM certificate WHERE member = $1 AND expires > $2", member, now).ExecuteScalar()!;
            if (held < MaxCertificates)
            {
                session.Execute(Insert, renewed.Serial, member, renewed.Encoded, renewed.Expires);
            }

            return held;
        }).ConfigureAwait(false);
        if (count is null or >= MaxCertificates)
        {
            throw count is null ? Unknown(serial) : new DfssException(
                DfssErrorCode.LimitExceeded,
                FormattableString.Invariant(
                    $"The member has {MaxCertificates} valid certificates, which is the maximum."),
                "Use the newest one. If it is lost, ask an administrator for an invitation.");
        }
    }

    /// <summary>The certificates of the member that has, or had, this one.</summary>
    /// <exception cref="DfssException">CertificateUnknown.</exception>
    public IReadOnlyList<IssuedCertificate> FindCertificates(string serial) => database.Read(session =>
    {
        if (FindMember(session, serial) is not { } member)
        {
            throw Unknown(serial);
        }

        List<IssuedCertificate> found = [];
        using SqliteDataReader rows = session.Prepare(
            "SELECT serial, encoded, expires FROM certificate WHERE member = $1 ORDER BY number",
            member).ExecuteReader();
        while (rows.Read())
        {
            found.Add(new IssuedCertificate(rows.GetString(0), rows.GetFieldValue<byte[]>(1), rows.GetInt64(2)));
        }

        return found;
    });

    /// <summary>The newest certificate of each member, in the order in which they were issued.</summary>
    /// <param name="after">Only those with a higher number; 0 for all.</param>
    /// <param name="limit">The largest number of results.</param>
    public IReadOnlyList<(long Number, IssuedCertificate Certificate)> ListCertificates(long after, int limit) =>
        database.Read(session =>
        {
            List<(long, IssuedCertificate)> found = [];
            using SqliteDataReader rows = session.Prepare(
                """
                SELECT number, serial, encoded, expires FROM certificate AS one
                WHERE number > $1 AND length(encoded) > 0
                    AND NOT EXISTS (
                        SELECT 1 FROM certificate
                        WHERE member = one.member AND number > one.number AND length(encoded) > 0)
                ORDER BY number LIMIT $2
                """,
                after, limit).ExecuteReader();
            while (rows.Read())
            {
                found.Add(
                    (rows.GetInt64(0),
                        new IssuedCertificate(rows.GetString(1), rows.GetFieldValue<byte[]>(2), rows.GetInt64(3))));
            }

            return found;
        });

    /// <summary>The certificates of the other members that joined as the peer of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="serial">The serial number of a certificate of the member to leave out.</param>
    /// <returns>Their serial numbers.</returns>
    public IReadOnlyList<string> FindOtherServers(StoreId store, string serial) => database.Read(session => ReadTexts(
        session.Prepare(
            """
            SELECT certificate.serial FROM member JOIN certificate ON certificate.member = member.hash
            WHERE member.store = $1 AND member.hash <> (SELECT member FROM certificate WHERE serial = $2)
            """,
            store.ToByteArray(), serial)));

    /// <summary>Whether the member that has this certificate may have another one.</summary>
    public bool HasRoom(string serial) =>
        FindCertificates(serial).Count(
            one => one.Expires > clock.GetUtcNow().ToUnixTimeMilliseconds()) < MaxCertificates;

    /// <summary>
    /// Records revoked certificates, so that a list that was restored from a copy can be completed. Deletes the unused
    /// invitations that were made with these certificates.
    /// </summary>
    public Task RevokeAsync(IReadOnlyList<string> serials) => database.WriteAsync(session =>
    {
        foreach (string serial in serials)
        {
            session.Execute("INSERT INTO revoked (serial) VALUES ($1) ON CONFLICT (serial) DO NOTHING", serial);
            session.Execute(
                """
                DELETE FROM invitation
                WHERE hash IN (SELECT hash FROM inviter WHERE serial = $1) AND hash NOT IN (SELECT hash FROM member)
                """,
                serial);
        }

        return serials.Count;
    });

    /// <summary>Every certificate that was ever revoked.</summary>
    public IReadOnlyList<string> ListRevoked() =>
        database.Read(session => ReadTexts(session.Prepare("SELECT serial FROM revoked")));

    /// <summary>Deletes the addresses of a peer.</summary>
    public Task RemovePeerAsync(StoreId store) =>
        database.WriteAsync(session => session.Execute("DELETE FROM peer WHERE store = $1", store.ToByteArray()));

    private static List<string> ReadTexts(SqliteCommand query)
    {
        List<string> found = [];
        using SqliteDataReader rows = query.ExecuteReader();
        while (rows.Read())
        {
            found.Add(rows.GetString(0));
        }

        return found;
    }

    private static byte[]? FindMember(DatabaseSession session, string serial) =>
        (byte[]?)session.Prepare("SELECT member FROM certificate WHERE serial = $1", serial).ExecuteScalar();

    private static DfssException Unknown(string serial) => new(
        DfssErrorCode.CertificateUnknown,
        $"The issuer has issued no certificate with the serial number {serial}, or it expired long ago.",
        "Look for it with Get-DfssCertificate.");
}
