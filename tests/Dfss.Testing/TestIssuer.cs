using Dfss.Clusters;

namespace Dfss.Testing;

/// <summary>A cluster's authority on disk, and a peer of this process that is its issuer.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    public const string Passphrase = "correct horse battery staple";

    private readonly TemporaryFolder folder;
    private readonly TimeProvider clock;

    private TestIssuer(TemporaryFolder folder, TimeProvider clock, TestAuthority authority)
    {
        this.folder = folder;
        this.clock = clock;
        Authority = authority;
    }

    public TestAuthority Authority { get; }

    /// <summary>The cluster in the state folder of the user of the issuer.</summary>
    public ClusterMembership Membership => ClusterMembership.At(folder.Path, "lab");

    public ClusterIssuer Issuer { get; private set; } = null!;

    public TlsPeer Peer { get; private set; } = null!;

    public static async Task<TestIssuer> StartAsync(
        TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        TimeProvider time = clock ?? TimeProvider.System;
        TestIssuer made = new(new TemporaryFolder(), time, new TestAuthority("lab", time));
        ClusterAuthority authority = made.Authority.Authority;
        await made.Membership.CreateAsync(authority.Certificate, authority.CreateRevocationList(), cancellationToken);
        await authority.SaveAsync(made.Membership.AuthorityFolder, Passphrase, iterations: 1000, cancellationToken);
        await made.StartAgainAsync(cancellationToken);
        return made;
    }

    /// <summary>Stops the peer and the issuer, and starts them on the same folder.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        await StopAsync();
        Issuer = await ClusterIssuer.OpenAsync(Membership, Passphrase, clock, cancellationToken);
        Peer = await TlsPeer.StartAsync(
            identify: null, options => options with { Issuer = Issuer, TimeProvider = clock, Address = "127.0.0.1" },
            cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Authority.Dispose();
        folder.Dispose();
    }

    private async Task StopAsync()
    {
        if (Peer is not null)
        {
            await Peer.DisposeAsync();
        }
    }
}
