using System.Security.Cryptography.X509Certificates;
using Dfss.Security;
using Dfss.Transfer;

namespace Dfss.Testing;

/// <summary>A peer process to be attacked, and what honest and hostile clients need to reach it.</summary>
internal sealed class TargetPeer : IAsyncDisposable
{
    private readonly TemporaryFolder folder;
    private readonly PeerProcess process;

    private TargetPeer(TemporaryFolder folder, PeerProcess process, TargetIdentities? identities)
    {
        this.folder = folder;
        this.process = process;
        Identities = identities;
    }

    /// <summary>Null for a peer without TLS.</summary>
    public TargetIdentities? Identities { get; }

    public TemporaryFolder Folder => folder;

    public int Port => process.Port;

    public PeerAddress Address => new("localhost", Port);

    /// <summary>What the peer has logged.</summary>
    public string Log => process.Errors;

    /// <summary>The most memory it has had resident since <see cref="ForgetPeak"/>.</summary>
    public long PeakResidentBytes => process.PeakResidentBytes;

    /// <summary>Starts one.</summary>
    /// <param name="isSecured">Whether it speaks TLS.</param>
    /// <param name="timeLimit">
    /// How long it waits for a byte within a frame and in an idle connection; null for as usual.
    /// </param>
    public static async Task<TargetPeer> StartAsync(bool isSecured, TimeSpan? timeLimit)
    {
        TemporaryFolder folder = new();
        try
        {
            TargetIdentities? identities = isSecured ? TargetIdentities.Create(folder) : null;
            PeerSettings settings = PeerSettings.Default with
            {
                IdentityFolder = isSecured ? folder.Path : null,
                TimeLimitSeconds = timeLimit?.TotalSeconds,
            };
            return new TargetPeer(folder, await PeerProcess.StartAsync(folder["store"], port: 0, settings), identities);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>An honest client.</summary>
    public DfssClient CreateClient() => new(
        [Address],
        TransferOptions.Default with
        {
            Identity = Identities?.Honest,
            MaxAttempts = 20,
            ConnectTimeout = TimeSpan.FromSeconds(30)
        });

    /// <summary>From now on, what was before is no peak (Linux).</summary>
    public void ForgetPeak() => File.WriteAllText($"/proc/{process.ProcessId}/clear_refs", "5");

    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        folder.Dispose();
    }
}

/// <summary>The certificates of the clients of a peer with TLS.</summary>
internal sealed record TargetIdentities(TlsIdentity Honest, TlsIdentity Attacker, TlsIdentity Untrusted)
{
    public static TargetIdentities Create(TemporaryFolder folder)
    {
        using CompanyAuthority authority = new();
        using CompanyAuthority other = new("Other CA");
        using X509Certificate2 peer = authority.IssuePeer();
        X509Certificate2 trusted = X509CertificateLoader.LoadCertificate(authority.Certificate.RawData);
        File.WriteAllText(folder["ca.pem"], trusted.ExportCertificatePem());
        File.WriteAllText(folder["peer.pem"], CompanyAuthority.ToPem(peer));
        File.WriteAllText(
            folder["roles.json"],
            """[ { "subject": "CN=honest", "role": "writer" }, { "subject": "CN=hostile", "role": "writer" } ]""");
        return new TargetIdentities(
            new TlsIdentity(authority.IssueClient("honest"), [trusted]),
            new TlsIdentity(authority.IssueClient("hostile"), [trusted]),
            new TlsIdentity(other.IssueClient("hostile"), [trusted]));
    }

    /// <summary>The identity of the peer, from the files that <see cref="Create"/> wrote.</summary>
    public static TlsIdentity LoadPeer(string folder) => new(
        X509Certificate2.CreateFromPemFile(Path.Combine(folder, "peer.pem")),
        [X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.pem"))])
    {
        RoleFilePath = Path.Combine(folder, "roles.json"),
    };
}
