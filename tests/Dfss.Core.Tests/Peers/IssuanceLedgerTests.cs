using System.Security.Cryptography;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>What an issuer must not forget: one fact for each sentence of the book's documentation.</summary>
public sealed class IssuanceLedgerTests : IAsyncLifetime
{
    private static readonly byte[] Certificate = [1, 2, 3];

    private readonly TemporaryFolder folder = new();
    private readonly FakeTimeProvider clock = new();
    private readonly byte[] hash = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);
    private IssuanceLedger ledger = null!;

    private static InvitationTerms Reader => new() { Role = DfssRole.Reader, Name = "ann", NamePrefixes = ["builds/"] };

    public ValueTask InitializeAsync()
    {
        ledger = Open();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await ledger.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task An_invitation_that_was_noted_is_found_and_used_once()
    {
        Assert.Equal(clock.GetUtcNow() + Reader.Lifetime, await ledger.AddAsync(hash, Reader));
        InvitationTerms found = ledger.Find(hash);
        Assert.Equal((DfssRole.Reader, "ann", null), (found.Role, found.Name, found.StoreId));
        Assert.Equal(["builds/"], found.NamePrefixes);
        Assert.Equal(Certificate, await ledger.UseAsync(hash, key, Issued(Certificate), store: null, isBound: false));
        await FailsAsync(
            DfssErrorCode.InvitationUsed,
            () => ledger.UseAsync(hash, RandomNumberGenerator.GetBytes(32), Issued([4]), null, false));
    }

    [Fact]
    public async Task The_same_key_gets_the_same_certificate_again_though_it_asks_late()
    {
        await ledger.AddAsync(hash, Reader);
        await ledger.UseAsync(hash, key, Issued(Certificate), store: null, isBound: false);
        clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal("ann", ledger.Find(hash).Name);
        Assert.Equal(Certificate, await ledger.UseAsync(hash, key, Issued([9]), store: null, isBound: false));
    }

    [Fact]
    public async Task Of_many_clients_that_use_one_at_once_one_is_admitted()
    {
        await ledger.AddAsync(hash, Reader);
        Task<byte[]>[] all = [.. Enumerable.Range(0, 16).Select(i => Task.Run(() => ledger.UseAsync(
            hash, SHA256.HashData([(byte)i]), Issued([(byte)i]), store: null, isBound: false)))];
        await Task.WhenAll(all.Select(one => one.ContinueWith(_ => { }, TaskScheduler.Default)));
        _ = Assert.Single(all, one => one.IsCompletedSuccessfully);
        Assert.Equal(
            15,
            all.Count(one => one.Exception?.InnerException is DfssException { Code: DfssErrorCode.InvitationUsed }));
    }

    [Fact]
    public async Task One_that_was_not_recorded_is_unknown()
    {
        Assert.Equal(DfssErrorCode.InvitationUnknown, Assert.Throws<DfssException>(() => ledger.Find(hash)).Code);
        await FailsAsync(
            DfssErrorCode.InvitationUnknown, () => ledger.UseAsync(hash, key, Issued(Certificate), null, false));
    }

    [Fact]
    public async Task It_expires_by_the_clock_of_the_book_to_the_millisecond()
    {
        await ledger.AddAsync(hash, Reader with { Lifetime = TimeSpan.FromMinutes(1) });
        clock.Advance(TimeSpan.FromMinutes(1) - TimeSpan.FromMilliseconds(1));
        Assert.Equal("ann", ledger.Find(hash).Name);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(DfssErrorCode.InvitationExpired, Assert.Throws<DfssException>(() => ledger.Find(hash)).Code);
        await FailsAsync(
            DfssErrorCode.InvitationExpired, () => ledger.UseAsync(hash, key, Issued(Certificate), null, false));
    }

    [Fact]
    public async Task Noted_again_with_the_same_terms_it_is_the_same_and_with_others_a_conflict()
    {
        DateTimeOffset expires = await ledger.AddAsync(hash, Reader);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(expires, await ledger.AddAsync(hash, Reader));
        await FailsAsync(
            DfssErrorCode.Conflict,
            () => ledger.AddAsync(hash, Reader with { Role = DfssRole.Admin, NamePrefixes = [] }));
        Assert.Equal(DfssRole.Reader, ledger.Find(hash).Role);
    }

    [Fact]
    public async Task All_of_it_survives_a_restart()
    {
        byte[] open = RandomNumberGenerator.GetBytes(32);
        StoreId store = StoreId.Create();
        await ledger.AddAsync(hash, Reader);
        await ledger.AddAsync(open, new InvitationTerms { Role = DfssRole.Peer, StoreId = store });
        await ledger.UseAsync(hash, key, Issued(Certificate), store: null, isBound: false);
        await ledger.SetAddressesAsync(store, ["b.example:9000"]);
        await ledger.DisposeAsync();
        ledger = Open();
        await FailsAsync(
            DfssErrorCode.InvitationUsed, () => ledger.UseAsync(hash, [7], Issued(Certificate), null, false));
        Assert.Equal((DfssRole.Peer, store), (ledger.Find(open).Role, ledger.Find(open).StoreId!.Value));
        Assert.Equal(["b.example:9000"], Assert.Single(ledger.ListPeers(63, StoreId.Create())).Addresses);
    }

    [Fact]
    public async Task A_store_is_one_members_unless_an_invitation_names_it()
    {
        StoreId store = StoreId.Create();
        byte[] second = RandomNumberGenerator.GetBytes(32);
        byte[] bound = RandomNumberGenerator.GetBytes(32);
        InvitationTerms peer = new() { Role = DfssRole.Peer };
        await ledger.AddAsync(hash, peer);
        await ledger.AddAsync(second, peer);
        await ledger.AddAsync(bound, peer with { StoreId = store });
        await ledger.UseAsync(hash, key, Issued(Certificate), store, isBound: false);
        await FailsAsync(
            DfssErrorCode.InvalidArgument, () => ledger.UseAsync(second, [7], Issued([7]), store, isBound: false));
        Assert.Equal([8], await ledger.UseAsync(bound, [8], Issued([8]), store, isBound: true));

        // What was refused was not used up.
        Assert.Equal([9], await ledger.UseAsync(second, [9], Issued([9]), StoreId.Create(), isBound: false));
    }

    [Fact]
    public async Task Peers_are_listed_in_the_order_in_which_they_came_with_their_last_addresses()
    {
        StoreId[] stores = [StoreId.Create(), StoreId.Create(), StoreId.Create()];
        foreach (StoreId store in stores)
        {
            await ledger.SetAddressesAsync(store, [$"{store}.example:1"]);
        }

        await ledger.SetAddressesAsync(stores[0], ["moved.example:2", "[::1]:2"]);
        IReadOnlyList<ClusterPeer> peers = ledger.ListPeers(63, except: stores[1]);
        Assert.Equal([stores[0], stores[2]], peers.Select(peer => peer.StoreId));
        Assert.Equal(["moved.example:2", "[::1]:2"], peers[0].Addresses);
        Assert.Equal([stores[0]], ledger.ListPeers(1, except: stores[1]).Select(peer => peer.StoreId));
    }

    [Fact]
    public async Task A_certificate_stays_known_that_a_clock_ahead_took_for_expired()
    {
        await ledger.AdoptAsync(Issued([1]));
        string lost = Issued([1]).Serial;
        clock.Advance(TimeSpan.FromDays(100));
        await ledger.AddRenewedAsync(lost, Issued([2]));
        DateTimeOffset right = clock.GetUtcNow();
        clock.AdjustTime(right.AddDays(300));
        await ledger.AddRenewedAsync(lost, Issued([3]));
        clock.AdjustTime(right);
        Assert.Contains(lost, ledger.FindCertificates(Issued([3]).Serial).Select(one => one.Serial));
    }

    [Fact]
    public void No_other_user_may_read_the_file()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There the folder's rights hold.");
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder[IssuanceLedger.FileName]));
    }

    private IssuanceLedger Open() => new(folder[IssuanceLedger.FileName], clock);

    private IssuedCertificate Issued(byte[] encoded) => new(
        Convert.ToHexString(SHA256.HashData(encoded)), encoded,
        clock.GetUtcNow().AddDays(365).ToUnixTimeMilliseconds());

    private static async Task FailsAsync(DfssErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(action)).Code);
}
