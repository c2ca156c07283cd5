using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

public sealed class ClusterMembershipTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TestAuthority authority = new("lab");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task What_was_kept_is_found_again()
    {
        StoreId store = StoreId.Create();
        ClusterMembership made = ClusterMembership.At(folder.Path, "lab");
        Assert.False(made.Exists);
        Assert.Empty(ClusterMembership.List(folder.Path));
        await made.CreateAsync(authority.Certificate, authority.Authority.CreateRevocationList(), Token);
        Assert.Null(made.LoadMember());
        Assert.Empty(made.LoadPeers());
        Assert.Equal(TimeSpan.MaxValue, made.PeersAge);
        await made.SaveIdentityAsync(authority.Identify(DfssRole.Writer).Certificate, store: null, Token);
        await made.SaveIdentityAsync(authority.IdentifyPeer(store).Certificate, store, Token);
        await made.SavePeersAsync([new ClusterPeer(store, ["box1:9000", "[::1]:9000"], IsIssuer: true)], Token);

        // Case does not count, as the folder's does not everywhere.
        ClusterMembership found = ClusterMembership.At(folder.Path, "LAB");
        Assert.Equal(("lab", false, made.Folder), (found.Name, found.HasAuthority, found.Folder));
        Assert.Equal("CN=Writer", found.LoadMember()!.Certificate.Subject);
        Assert.True(found.LoadMember()!.Certificate.HasPrivateKey);
        Assert.Equal([store], found.Stores);
        Assert.Equal("CN=peer", found.LoadStore(store)!.Certificate.Subject);
        Assert.Null(found.LoadStore(StoreId.Create()));
        Assert.Equal(authority.Certificate.RawData, found.LoadMember()!.TrustedAuthorities[0].RawData);
        ClusterPeer peer = Assert.Single(found.LoadPeers());
        Assert.Equal((store, true), (peer.StoreId, peer.IsIssuer));
        Assert.Equal(["box1:9000", "[::1]:9000"], peer.Addresses);
        Assert.InRange(found.PeersAge, TimeSpan.Zero, TimeSpan.FromHours(1));
        Assert.Equal("lab", Assert.Single(ClusterMembership.List(folder.Path)).Name);
    }

    [Fact]
    public async Task No_other_user_may_read_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There the rights of the state folder hold.");
        ClusterMembership made = await CreateAsync();
        await made.SaveIdentityAsync(authority.IdentifyPeer(StoreId.Create()).Certificate, StoreId.Create(), Token);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(made.Folder));
        foreach (string path in Directory.EnumerateFiles(made.Folder, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public async Task A_second_cluster_of_the_same_name_does_not_take_the_place_of_the_first()
    {
        ClusterMembership made = await CreateAsync();
        using TestAuthority other = new("lab");
        DfssException refused = await Assert.ThrowsAsync<DfssException>(
            () => made.CreateAsync(other.Certificate, other.Authority.CreateRevocationList(), Token));
        Assert.Equal(DfssErrorCode.DestinationExists, refused.Code);
        Assert.Equal(authority.Certificate.RawData, made.LoadAuthority().RawData);
        await made.CreateAsync(authority.Certificate, authority.Authority.CreateRevocationList(), Token);
    }

    [Theory]
    [InlineData("member.pem")]
    [InlineData("peers.json")]
    [InlineData("authority.crt")]
    public async Task A_damaged_file_is_named(string name)
    {
        ClusterMembership made = await CreateAsync();
        await made.SavePeersAsync([new ClusterPeer(StoreId.Create(), ["box1:9000"], IsIssuer: false)], Token);
        await File.WriteAllTextAsync(Path.Combine(made.Folder, name), "-----BEGIN nothing", Token);
        DfssException error = Assert.Throws<DfssException>(
            () => name == "peers.json" ? made.LoadPeers().ToString() : made.LoadMember()!.ToString());
        Assert.Equal(DfssErrorCode.SourceUnreadable, error.Code);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lab", true)]
    [InlineData("a", true)]
    [InlineData("7th.floor_A-b", true)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData(".a", false)]
    [InlineData("a.", false)]
    [InlineData("a/b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a b", false)]
    [InlineData("büro", false)]
    [InlineData("con", false)]
    [InlineData("COM1.x", false)]
    [InlineData("comet", true)]
    [InlineData("a\n", false)]
    public void A_name_becomes_a_folder_and_nothing_else(string name, bool isName)
    {
        Assert.Equal(isName, ClusterMembership.IsName(name));
        if (!isName)
        {
            Assert.Equal(
                DfssErrorCode.InvalidArgument,
                Assert.Throws<DfssException>(() => ClusterMembership.At(folder.Path, name)).Code);
        }
    }

    private async Task<ClusterMembership> CreateAsync()
    {
        ClusterMembership made = ClusterMembership.At(folder.Path, "lab");
        await made.CreateAsync(authority.Certificate, authority.Authority.CreateRevocationList(), Token);
        await made.SaveIdentityAsync(authority.Identify(DfssRole.Writer).Certificate, store: null, Token);
        return made;
    }
}
