using System.Net;
using System.Net.Sockets;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <content>Statements that cannot be read, issuers that are down, and two issuers at once.</content>
public sealed partial class IssuerAddressTests
{
    [Fact]
    public async Task A_statement_that_cannot_be_read_leaves_a_peer_in_service_and_is_logged_once()
    {
        ClusterMembership box = await CreateMemberAsync("box");
        using Socket unreadable = MakeUnreadable(box.IssuerFilePath);
        await using TlsPeer peer = await StartPeerAsync(box, options => options);
        Assert.Equal([issuer.Peer.Address], box.LoadIssuer());
        for (int connection = 0; connection < 2; connection++)
        {
            await using ClientChannel channel = await peer.ConnectAsync(
                issuer.Authority.Identify(DfssRole.Reader), Token);
            Assert.Equal(0, channel.Hello.IssuerNumber);
        }

        Assert.Single(peer.Log, line => line.Contains(box.IssuerFilePath, StringComparison.Ordinal));

        // The next statement that arrives replaces it.
        ClusterMembership bob = await CreateMemberAsync("bob");
        await issuer.StartAgainAsync(Token);
        await ConnectAsync(bob, issuer.Peer);
        await ConnectAsync(bob, peer);
        Assert.Equal(issuer.Peer.Address, box.LoadIssuer()[0]);
    }

    [Fact]
    public async Task An_issuer_replaces_a_statement_that_it_cannot_read()
    {
        File.Delete(issuer.Membership.IssuerFilePath);
        using Socket unreadable = MakeUnreadable(issuer.Membership.IssuerFilePath);
        await issuer.StartAgainAsync(Token);
        Assert.Equal(
            issuer.Peer.Address.ToString(), Assert.Single(Kept(issuer.Membership).Current.Addresses));
    }

    [Fact]
    public async Task Looking_for_an_issuer_that_is_down_connects_to_8_peers_at_a_time_for_2_seconds()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
        using TcpListener silent = Silent();
        IssuerClient client = await LostAsync(clock, Enumerable.Repeat(AddressOf(silent), 20));
        Task<IReadOnlyList<ClusterPeer>> asked = client.ListPeersAsync(Token);
        List<TcpClient> accepted = [];
        for (int count = 0; count < 8; count++)
        {
            accepted.Add(await silent.AcceptTcpClientAsync(Token));
        }

        // Meanwhile a ninth connection would be made.
        await Admin.ListPeersAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(2));
        DfssException lost = await Assert.ThrowsAsync<DfssException>(() => asked);
        Assert.Equal(DfssErrorCode.IssuerUnreachable, lost.Code);
        Assert.False(silent.Pending());
        accepted.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task The_first_newer_statement_ends_the_search_for_the_issuer()
    {
        await using TlsPeer peer = await StartPeerAsync("box2", renewed: null);
        ClusterMembership bob = await CreateMemberAsync("bob");
        await ConnectAsync(bob, issuer.Peer);
        await ConnectAsync(bob, peer);
        using TcpListener silent = Silent();
        IssuerClient client = await LostAsync(
            new FakeTimeProvider(DateTimeOffset.UtcNow), [AddressOf(silent), peer.Address.ToString()]);
        Assert.Equal(issuer.Peer.Peer.StoreId, (await client.ListPeersAsync(Token))[0].StoreId);
    }

    [Fact]
    public async Task An_issuer_that_signs_over_the_address_of_another_one_warns_of_it()
    {
        StoreId other = StoreId.Create();

        // An hour ahead: the issuer's clock is not above it meanwhile.
        long number = Kept(issuer.Membership).Current.Number + 3_600_000;
        await using ClientChannel channel = await issuer.Peer.ConnectAsync(
            issuer.Authority.Identify(DfssRole.Reader), Token);
        Assert.Equal(number + 6, await PutAsync(channel, Sign(number + 5, other, "box9:9000")));
        Assert.Equal(number + 11, await PutAsync(channel, Sign(number + 10, other, "box9:9000")));
        string warning = Assert.Single(
            issuer.Peer.Log, line => line.Contains("another issuer", StringComparison.Ordinal));
        Assert.Contains("box9:9000", warning, StringComparison.Ordinal);
        Assert.Contains("Stop-DfssPeer", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_follows_an_issuer_that_moves_at_most_once_a_minute()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UtcNow);
        SemaphoreSlim renewed = new(0);
        int renewals = 0;
        await using TlsPeer peer = await StartPeerAsync(await CreateMemberAsync("box"), options => options with
        {
            TimeProvider = clock,
            RenewIdentity = (shown, _, _) =>
            {
                Interlocked.Increment(ref renewals);
                renewed.Release();
                return Task.FromResult(shown);
            },
        });
        await renewed.WaitAsync(Token);
        StoreId store = StoreId.Create();
        await using (ClientChannel channel = await peer.ConnectAsync(
            issuer.Authority.Identify(DfssRole.Reader), Token))
        {
            // The first place that it learns, and the first move.
            foreach (int number in new[] { 1, 2 })
            {
                await PutAsync(channel, Sign(number, store, $"box{number}:9000"));
                await renewed.WaitAsync(Token);
            }

            foreach (int number in new[] { 3, 4, 5 })
            {
                await PutAsync(channel, Sign(number, store, $"box{number}:9000"));
            }
        }

        clock.Advance(TimeSpan.FromSeconds(61));
        await renewed.WaitAsync(Token);
        Assert.Equal(4, renewals);
    }

    [Fact]
    public async Task A_statement_in_force_is_sent_and_written_again_where_the_file_has_an_older_one()
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        StoreId store = StoreId.Create();
        byte[] newer = Sign(5, store, "box5:9000");
        await Kept(ann).ReplaceAsync(Sign(3, store, "box3:9000"), Token);
        byte[] older = await File.ReadAllBytesAsync(ann.IssuerFilePath, Token);
        IssuerFile running = Kept(ann);
        await running.ReplaceAsync(newer, Token);
        Assert.Equal(5, running.Current.Number);
        await File.WriteAllBytesAsync(ann.IssuerFilePath, older, Token);
        File.SetLastWriteTimeUtc(ann.IssuerFilePath, DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(5, running.Current.Number);
        Assert.Equal(newer, running.Signed);
        await running.RestoreAsync(Token);
        Assert.Equal(newer, Kept(ann).Signed);
    }

    [Fact]
    public async Task Loopback_addresses_are_signed_where_there_is_no_other_and_tried_last()
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        StoreId store = issuer.Peer.Peer.StoreId;
        await issuer.Issuer.SetAddressesAsync(store, ["localhost:9000", "box1:9000"]);
        Assert.Equal(["box1:9000"], Kept(issuer.Membership).Current.Addresses);
        await issuer.Issuer.SetAddressesAsync(store, ["localhost:9000"]);
        Assert.Equal(["localhost:9000"], Kept(issuer.Membership).Current.Addresses);
        await ann.SavePeersAsync([new(store, ["box1:9000"], IsIssuer: true)], Token);
        await Kept(ann).ReplaceAsync(Kept(issuer.Membership).Signed, Token);
        string[] expected = ["box1:9000", "localhost:9000"];
        Assert.Equal(expected, ann.LoadIssuer().Select(address => address.ToString()));
        Assert.Equal(expected, Assert.Single(ann.LoadPeers()).Addresses);
    }

    /// <summary>A client of a member that knows a wrong address of the issuer, and these of other peers.</summary>
    private async Task<IssuerClient> LostAsync(FakeTimeProvider clock, IEnumerable<string> peers)
    {
        ClusterMembership ann = await CreateMemberAsync("ann");
        await ann.SavePeersAsync(
            [
                new(issuer.Peer.Peer.StoreId, ["127.0.0.1:1"], IsIssuer: true),
                .. peers.Select(address => new ClusterPeer(StoreId.Create(), [address], IsIssuer: false)),
            ],
            Token);
        return new IssuerClient(Identity(ann), ann, TimeSpan.FromMinutes(10), clock);
    }

    private byte[] Sign(long number, StoreId store, string address) =>
        issuer.Authority.Authority.Sign(new IssuerStatement(number, store, [address]));

    private IssuerFile Kept(ClusterMembership membership) =>
        new(membership.IssuerFilePath, issuer.Authority.Certificate, log: null);

    private static TcpListener Silent()
    {
        TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        return silent;
    }

    private static string AddressOf(TcpListener listener) => listener.LocalEndpoint.ToString()!;

    /// <summary>A socket in the place of the file: not even root can read it.</summary>
    private static Socket MakeUnreadable(string path)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A socket is no file there.");

        // A socket's path is short.
        string made = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(made));
        File.Move(made, path);
        return socket;
    }
}
