using System.Text.Json;
using Dfss.Security;
using Dfss.Storage;
using Microsoft.Data.Sqlite;

namespace Dfss.Clusters;

/// <summary>
/// The issuance ledger: what an issuer must not lose. It records the invitations by the SHA-256 of each secret, which
/// of them were used, the certificates issued for them, and the addresses of the peers. Each change is one transaction,
/// on stable storage when it returns. Safe for concurrent use.
/// </summary>
internal sealed partial class IssuanceLedger : IAsyncDisposable
{
    /// <summary>The file's name, in the authority's folder.</summary>
    public const string FileName = "issued.db";

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS invitation (hash BLOB PRIMARY KEY, terms TEXT NOT NULL, expires INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS inviter (hash BLOB PRIMARY KEY, serial TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS revoked (serial TEXT PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS member (
            hash BLOB PRIMARY KEY, key BLOB NOT NULL, certificate BLOB NOT NULL, store BLOB, issued INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS member_store ON member (store);
        CREATE TABLE IF NOT EXISTS certificate (
            number INTEGER PRIMARY KEY, serial TEXT NOT NULL UNIQUE, member BLOB NOT NULL, encoded BLOB NOT NULL,
            expires INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS certificate_member ON certificate (member);
        CREATE TABLE IF NOT EXISTS peer (
            number INTEGER PRIMARY KEY, store BLOB NOT NULL UNIQUE, addresses TEXT NOT NULL)
        """;

    private readonly Database database;
    private readonly TimeProvider clock;

    /// <summary>Opens the file; creates it where it does not exist.</summary>
    /// <exception cref="DfssException">StoreFailed.</exception>
    public IssuanceLedger(string path, TimeProvider clock)
    {
        this.clock = clock;
        PrivateFile.Touch(path);
        database = new Database(path, Schema, new FailStopLatch(Path.GetDirectoryName(path)!, log: null));
    }

    private enum Refusal
    {
        None,
        Unknown,
        Used,
        Expired,
        StoreTaken,
    }

    /// <summary>Records an invitation. One that is recorded with the same terms stays as it is.</summary>
    /// <param name="secretHash">The SHA-256 of its secret.</param>
    /// <param name="terms">Its terms.</param>
    /// <param name="inviter">The serial number of the inviting administrator's certificate.</param>
    /// <returns>When it expires.</returns>
    /// <exception cref="DfssException">Conflict: it is recorded with other terms. StoreFull, StoreFailed.</exception>
    public async Task<DateTimeOffset> AddAsync(byte[] secretHash, InvitationTerms terms, string inviter = "")
    {
        string text = JsonSerializer.Serialize(terms with { StoreId = null });
        text = terms.StoreId is StoreId store ? $"{store} {text}" : text;
        long expires = (clock.GetUtcNow() + terms.Lifetime).ToUnixTimeMilliseconds();
        (string Terms, long Expires) kept = await database.WriteAsync(session =>
        {
            session.Execute(
                "INSERT INTO invitation (hash, terms, expires) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
                secretHash, text, expires);
            session.Execute(
                "INSERT INTO inviter (hash, serial) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
                secretHash, inviter);
            return Load(session, secretHash)!.Value;
        }).ConfigureAwait(false);
        return kept.Terms == text ? DateTimeOffset.FromUnixTimeMilliseconds(kept.Expires) : throw new DfssException(
            DfssErrorCode.Conflict, "There is an invitation with this secret and other terms.",
            "Make another one: each has a secret of its own.");
    }

    /// <summary>The terms of an invitation.</summary>
    /// <exception cref="DfssException">
    /// InvitationUnknown; InvitationExpired: it expired unused. StoreFailed.
    /// </exception>
    public InvitationTerms Find(byte[] secretHash)
    {
        (string Terms, long Expires, bool IsUsed)? found = database.Read(session =>
            Load(session, secretHash) is { } row
                ? (row.Terms, row.Expires, LoadMember(session, secretHash) is not null)
                : ((string, long, bool)?)null);
        ThrowIf(
            found is null
                ? Refusal.Unknown
                : !found.Value.IsUsed && HasPassed(found.Value.Expires) ? Refusal.Expired : Refusal.None);
        string text = found!.Value.Terms;
        StoreId? store = text[0] == '{' ? null : StoreId.Parse(text[..text.IndexOf(' ', StringComparison.Ordinal)]);
        return JsonSerializer.Deserialize<InvitationTerms>(text[text.IndexOf('{', StringComparison.Ordinal)..])! with
        {
            StoreId = store
        };
    }

    /// <summary>Uses an invitation up and records the certificate that was issued for it, in one transaction.</summary>
    /// <param name="secretHash">The SHA-256 of its secret.</param>
    /// <param name="keyHash">The SHA-256 of the member's public key.</param>
    /// <param name="certificate">The certificate.</param>
    /// <param name="store">The store that the member serves.</param>
    /// <param name="isBound">Whether the invitation names the store: then another member may have served it
    /// before.</param>
    /// <returns>The certificate; where the same key has used the invitation before, the one that was issued
    /// then.</returns>
    /// <exception cref="DfssException">
    /// InvitationUnknown, InvitationUsed, InvitationExpired; InvalidArgument: the store belongs to another member.
    /// StoreFull, StoreFailed.
    /// </exception>
    public async Task<byte[]> UseAsync(
        byte[] secretHash, byte[] keyHash, IssuedCertificate certificate, StoreId? store, bool isBound)
    {
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        (Refusal refusal, byte[] issued) = await database.WriteAsync(session =>
        {
            if (LoadMember(session, secretHash) is { } member)
            {
                return (member.Key.AsSpan().SequenceEqual(keyHash) ? Refusal.None : Refusal.Used, member.Certificate);
            }

            Refusal reason = Load(session, secretHash) is not { } invitation ? Refusal.Unknown
                : invitation.Expires <= now ? Refusal.Expired
                : store is StoreId served && !isBound && IsServed(session, served) ? Refusal.StoreTaken
                : Refusal.None;
            if (reason == Refusal.None)
            {
                object storeValue = store is StoreId id ? id.ToByteArray() : DBNull.Value;
                session.Execute(
                    "INSERT INTO member (hash, key, certificate, store, issued) VALUES ($1, $2, $3, $4, $5)",
                    secretHash, keyHash, certificate.Encoded, storeValue, now);
                session.Execute(Insert, certificate.Serial, secretHash, certificate.Encoded, certificate.Expires);
            }

            return (reason, certificate.Encoded);
        }).ConfigureAwait(false);
        ThrowIf(refusal, store);
        return issued;
    }

    /// <summary>Records the addresses of a peer, replacing earlier ones.</summary>
    public Task SetAddressesAsync(StoreId store, IReadOnlyList<string> addresses) =>
        database.WriteAsync(session => session.Execute(
            "INSERT INTO peer (store, addresses) VALUES ($1, $2) ON CONFLICT (store) DO UPDATE SET addresses = $2",
            store.ToByteArray(), JsonSerializer.Serialize(addresses)));

    /// <summary>The peers in the order in which they were first recorded.</summary>
    public IReadOnlyList<ClusterPeer> ListPeers(int limit, StoreId except) => database.Read(session =>
    {
        List<ClusterPeer> peers = [];
        using SqliteDataReader rows = session.Prepare(
            "SELECT store, addresses FROM peer WHERE store <> $1 ORDER BY number LIMIT $2", except.ToByteArray(),
            limit).ExecuteReader();
        while (rows.Read())
        {
            peers.Add(new ClusterPeer(
                new StoreId(rows.GetFieldValue<byte[]>(0)), JsonSerializer.Deserialize<string[]>(rows.GetString(1))!,
                IsIssuer: false));
        }

        return peers;
    });

    /// <summary>Closes the file.</summary>
    public ValueTask DisposeAsync() => database.DisposeAsync();

    private bool HasPassed(long expires) => expires <= clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static (string Terms, long Expires)? Load(DatabaseSession session, byte[] secretHash)
    {
        using SqliteDataReader row = session.Prepare(
            "SELECT terms, expires FROM invitation WHERE hash = $1", secretHash).ExecuteReader();
        return row.Read() ? (row.GetString(0), row.GetInt64(1)) : null;
    }

    private static (byte[] Key, byte[] Certificate)? LoadMember(DatabaseSession session, byte[] secretHash)
    {
        using SqliteDataReader row = session.Prepare(
            "SELECT key, certificate FROM member WHERE hash = $1", secretHash).ExecuteReader();
        return row.Read() ? (row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1)) : null;
    }

    private static bool IsServed(DatabaseSession session, StoreId store) =>
        session.Prepare("SELECT 1 FROM member WHERE store = $1", store.ToByteArray()).ExecuteScalar() is not null;

    private static void ThrowIf(Refusal refusal, StoreId? store = null)
    {
        const string Ask = "Ask an administrator of the cluster for another one (New-DfssInvitation).";
        if (refusal == Refusal.None)
        {
            return;
        }

        throw refusal switch
        {
            Refusal.Unknown => new DfssException(
                DfssErrorCode.InvitationUnknown, "The issuer does not know this invitation.", Ask),
            Refusal.Used => new DfssException(
                DfssErrorCode.InvitationUsed, "The invitation was used before, and works once.",
                $"If you did not use it, tell the administrator: another person has joined with it. {Ask}"),
            Refusal.Expired => new DfssException(
                DfssErrorCode.InvitationExpired, "The invitation has expired, by the issuer's clock.", Ask),
            _ => new DfssException(
                DfssErrorCode.InvalidArgument, $"The cluster already has a peer of store {store}.",
                "To replace its certificate, have an invitation made for this store: New-DfssInvitation -Role "
                    + "Peer -StoreId."),
        };
    }
}
