using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>
/// A user's membership in one cluster: a folder with the user's certificate and key, those of the stores that the user
/// serves, the trusted authority, its revocation list, and the addresses of the peers. On Unix no other user may read
/// it.
/// </summary>
/// <remarks>
/// clusters/NAME in the state folder: <c>authority.crt</c>; <c>revoked.crl</c>; <c>issuer.pem</c>, the signed
/// statement of where the issuer is; <c>peers.json</c>; <c>member.pem</c>, certificate and key; <c>stores/ID.pem</c>,
/// the same of a store; and, where the cluster was created, the folder <c>authority</c>.
/// </remarks>
public sealed partial class ClusterMembership
{
    private const string ClustersFolder = "clusters";
    private const string AuthorityFile = "authority.crt";
    private const string MemberFile = "member.pem";
    private const string StoresFolder = "stores";
    private const string RevocationFile = "revoked.crl";
    private const string StatementFile = "issuer.pem";

    private ClusterMembership(string name, string folder)
    {
        Name = name;
        Folder = folder;
    }

    /// <summary>The cluster's name on this machine.</summary>
    public string Name { get; }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The folder of the cluster's authority, where this user created the cluster.</summary>
    public string AuthorityFolder => Path.Combine(Folder, "authority");

    /// <summary>Whether this user created the cluster on this machine.</summary>
    public bool HasAuthority => File.Exists(Path.Combine(AuthorityFolder, ClusterAuthority.KeyFile));

    /// <summary>The revocation list, in PEM.</summary>
    public string RevocationListPath => Path.Combine(Folder, RevocationFile);

    /// <summary>The signed statement of where the issuer is.</summary>
    internal string IssuerFilePath => Path.Combine(Folder, StatementFile);

    /// <summary>The stores that this user serves in the cluster.</summary>
    public IReadOnlyList<StoreId> Stores
    {
        get
        {
            DirectoryInfo folder = new(Path.Combine(Folder, StoresFolder));
            return !folder.Exists
                ? []
                : [.. folder.EnumerateFiles("*.pem")
                    .Select(
                        file => (IsId: StoreId.TryParse(
                            Path.GetFileNameWithoutExtension(file.Name), out StoreId id), Id: id))
                    .Where(found => found.IsId)
                    .Select(found => found.Id)];
        }
    }

    /// <summary>The clusters that a user has joined or created, by name.</summary>
    public static IReadOnlyList<ClusterMembership> List(string? stateFolder)
    {
        DirectoryInfo? folder = stateFolder is null
            ? null
            : new DirectoryInfo(Path.Combine(stateFolder, ClustersFolder));
        return folder is not { Exists: true }
            ? []
            : [.. folder.EnumerateDirectories()
                .Where(one => File.Exists(Path.Combine(one.FullName, AuthorityFile)))
                .OrderBy(one => one.Name, StringComparer.Ordinal)
                .Select(one => new ClusterMembership(one.Name, one.FullName))];
    }

    /// <summary>The cluster of this name, which need not exist yet; case does not matter.</summary>
    /// <exception cref="DfssException">InvalidArgument: no cluster may have this name.</exception>
    public static ClusterMembership At(string stateFolder, string name)
    {
        if (!IsName(name))
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"'{Protocol.PrintableText.From(name, MaxNameCharacters)}' is not a valid name for a cluster.",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Use 1 to {MaxNameCharacters} ASCII letters, digits, '-', '_' and '.', "
                        + $"with a letter or digit first and last."));
        }

        return List(stateFolder).FirstOrDefault(
            one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? new ClusterMembership(name, Path.Combine(stateFolder, ClustersFolder, name));
    }

    /// <summary>The cluster of a folder that need not be below a state folder.</summary>
    /// <param name="folder">The membership's own folder, as a full path.</param>
    public static ClusterMembership In(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        folder = Path.TrimEndingDirectorySeparator(folder);
        return new ClusterMembership(Path.GetFileName(folder), folder);
    }

    /// <summary>Whether this cluster exists on this machine.</summary>
    public bool Exists => File.Exists(Path.Combine(Folder, AuthorityFile));

    /// <summary>The certificate of the cluster's authority.</summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public X509Certificate2 LoadAuthority() => Read(AuthorityFile, text => X509Certificate2.CreateFromPem(text));

    /// <summary>The user's own identity; null where only stores of the user have joined, or none yet.</summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public TlsIdentity? LoadMember() => Load(MemberFile);

    /// <summary>The identity of a peer with this store; null where it has not joined.</summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public TlsIdentity? LoadStore(StoreId store) => Load(Path.Combine(StoresFolder, $"{store}.pem"));

    /// <summary>The membership of this user, or of one of the user's stores; null where neither has joined.</summary>
    /// <exception cref="DfssException">SourceUnreadable.</exception>
    public MemberDescription? Describe(StoreId? store)
    {
        TlsIdentity? identity = store is StoreId id ? LoadStore(id) : LoadMember();
        return identity is null ? null : MemberDescription.Of(identity.Certificate);
    }

    /// <summary>Checks that a certificate can be saved: creates the folder, and a file in it.</summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public void Prepare()
    {
        PrivateFile.CreateFolder(Path.GetDirectoryName(Folder)!);
        PrivateFile.CreateFolder(Folder);
        PrivateFile.Touch(RevocationListPath);
    }

    /// <summary>Creates the folder, with the authority that is trusted from now on and its revocation list.</summary>
    /// <exception cref="DfssException">
    /// DestinationExists: the folder trusts another authority. DestinationUnwritable.
    /// </exception>
    public async Task CreateAsync(
        X509Certificate2 authority, string revocationList, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ThrowIfAnother(authority);
        Prepare();
        if (!Exists || !await TryReplaceListAsync(authority, revocationList, cancellationToken).ConfigureAwait(false))
        {
            await PrivateFile.ReplaceAsync(RevocationListPath, revocationList, cancellationToken).ConfigureAwait(false);
        }

        // Last: this file marks the folder as a cluster.
        await PrivateFile.ReplaceAsync(
            Path.Combine(Folder, AuthorityFile), authority.ExportCertificatePem(),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Replaces the present list where this one is newer; returns false where there is no usable list.
    /// </summary>
    private async Task<bool> TryReplaceListAsync(
        X509Certificate2 authority, string list, CancellationToken cancellationToken)
    {
        RevocationFile kept = new(RevocationListPath, authority, TimeProvider.System);
        try
        {
            _ = kept.Number;
        }
        catch (DfssException unusable) when (unusable.Code == DfssErrorCode.InvalidArgument)
        {
            return false;
        }

        await kept.ReplaceAsync(Encoding.ASCII.GetBytes(list), cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <exception cref="DfssException">DestinationExists: another cluster of this name exists here.</exception>
    public void ThrowIfAnother(X509Certificate2 authority)
    {
        ArgumentNullException.ThrowIfNull(authority);
        if (Exists && !LoadAuthority().RawData.AsSpan().SequenceEqual(authority.RawData))
        {
            throw new DfssException(
                DfssErrorCode.DestinationExists, $"Another cluster here has the name '{Name}'.",
                "Give this one another name here with -Cluster.");
        }
    }

    /// <summary>Saves an identity, replacing an existing one.</summary>
    /// <param name="certificate">The certificate, with its key.</param>
    /// <param name="store">The store that it is for; null for the user.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public async Task SaveIdentityAsync(
        X509Certificate2 certificate, StoreId? store, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        string name = MemberFile;
        if (store is StoreId id)
        {
            PrivateFile.CreateFolder(Path.Combine(Folder, StoresFolder));
            name = Path.Combine(StoresFolder, $"{id}.pem");
        }

        await PrivateFile.ReplaceAsync(
            Path.Combine(Folder, name),
            $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n",
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The cluster's name; contains no secret.</summary>
    public override string ToString() => Name;

    private TlsIdentity? Load(string name) => !File.Exists(Path.Combine(Folder, name))
        ? null
        : Read(name, text => new TlsIdentity(X509Certificate2.CreateFromPem(text, text), [LoadAuthority()])
        {
            RevocationListPath = RevocationListPath,
            KeepsRevocationList = true,
            IssuerFilePath = IssuerFilePath,
        });

    private T Read<T>(string name, Func<string, T> read)
    {
        string path = Path.Combine(Folder, name);
        try
        {
            return read(Encoding.UTF8.GetString(PrivateFile.ReadBytes(path)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException
            or JsonException or FormatException or ArgumentException)
        {
            throw new DfssException(
                DfssErrorCode.SourceUnreadable, $"'{path}', of the cluster '{Name}', cannot be read: {error.Message}",
                "Run as the user who joined; or remove the cluster's folder and join again.", error);
        }
    }
}
