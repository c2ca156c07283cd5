using Dfss.Peers;
using Dfss.Clusters;
using Dfss.Testing;
using Dfss.Tests.Clusters;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Hostile;

/// <summary>
/// Every cmdlet that speaks with a cluster's issuer, with an issuer that forges its answers: it has the cluster's
/// certificate, so that the client believes that it is the issuer.
/// </summary>
[Collection(StateFolderTests.Name)]
public sealed class ClusterFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const string Passphrase = "correct horse battery staple";

    private static readonly string[] Commands =
    [
        "New-DfssInvitation Reader -Name ann",
        "Get-DfssCertificate",
        "Get-DfssCluster",
        "Get-DfssPeer -Peer $forger -Cluster lab",
        "Send-DfssFile source -Name plain -Force",
        "Get-DfssFileInfo",
        "Receive-DfssFile plain -Destination back -Force",
        "Revoke-DfssCertificate $names -Confirm:$false",
    ];

    private readonly ClusterUsers users = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => users.Dispose();

    [Fact]
    public async Task Every_command_of_a_member_with_a_forging_issuer_ends_in_time_with_objects_or_errors()
    {
        (int seed, int runs) = ForgedCommands.Take(output, usual: 5);
        Environment.SetEnvironmentVariable("DFSS_CLUSTER_PASSPHRASE", Passphrase);
        users.Session.Run("$null = New-DfssCluster lab").ThrowIfFailed();
        Environment.SetEnvironmentVariable("DFSS_CLUSTER_PASSPHRASE", null);
        File.WriteAllText(Path.Combine(users.Path, "source"), new string('x', 100_000));
        ClusterMembership boss = ClusterMembership.At(Path.Combine(users.Path, "boss", "dfss"), "lab");
        ClusterIssuer issuer = await ClusterIssuer.OpenAsync(boss, Passphrase, TimeProvider.System, Token);
        await using DfssPeer peer = await DfssPeer.StartAsync(
            new PeerOptions
            {
                Port = 0,
                Address = "127.0.0.1",
                StorePath = Path.Combine(users.Path, "store"),
                Issuer = issuer
            }, Token);
        TlsTransport near = new(issuer.Identify(peer.StoreId), TimeProvider.System, log: null);
        TlsTransport far = new(boss.LoadMember()!, TimeProvider.System, log: null);
        SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        long before = ForgedCommands.LiveBytes;
        long grown = 0;
        for (int run = 0; run < runs; run++)
        {
            await using ForgingPeer forger = new(
                new TlsListener(near),
                cancellationToken => far.ConnectAsync(
                    new PeerAddress("127.0.0.1", peer.Port), TimeSpan.FromSeconds(60), cancellationToken),
                seed + run)
            { OneOf = 0 };
            await issuer.SetAddressesAsync(peer.StoreId, [forger.Address.ToString()]);
            await RunAsync(
                boss, new ClusterPeer(peer.StoreId, [forger.Address.ToString()], IsIssuer: true), forger,
                run, outcomes);
            grown = ForgedCommands.AssertBounded(before, $"run {run} of seed {seed}");
        }

        output.WriteLine($"{grown} bytes more are alive than before.");
        ForgedCommands.Write(outcomes, output);
    }

    private async Task RunAsync(
        ClusterMembership boss, ClusterPeer forged, ForgingPeer forger, int run, SortedDictionary<string, int> outcomes)
    {
        // What is forged must not be what the next command asks at.
        users.Be("boss");
        await boss.SavePeersAsync([forged], Token);
        string name = $"user{run}";
        string invitation = Through(forger, users.Invite($"-Role Reader -Name {name}"));
        string other = Through(forger, users.Invite("-Role Reader -Name other"));
        users.Be(name);
        users.Session.Run("$null = Join-DfssCluster $invitation", ("invitation", invitation)).ThrowIfFailed();
        ClusterMembership box = await JoinPeerAsync($"box{run}", forged);
        forger.OneOf = 3;
        users.Be($"other{run}");
        users.Session.Run(
            "", ("invitation", other), ("forger", forger.Address.ToString()), ("names", name)).ThrowIfFailed();
        await ForgedCommands.RunAsync(users.Session, "Join-DfssCluster $invitation", $"run {run}", outcomes);
        foreach (string command in Commands)
        {
            users.Be("boss");
            await boss.SavePeersAsync([forged], Token);
            await ForgedCommands.RunAsync(users.Session, command, $"run {run}", outcomes);
        }

        // What a peer asks as it starts: to announce itself, the list of the peers, the newest address of the issuer.
        users.Be($"box{run}");
        foreach (int oneOf in new[] { 1, 3 })
        {
            await box.SavePeersAsync([forged], Token);
            (forger.OneOf, int before) = (oneOf, forger.Forged);
            await ForgedCommands.RunAsync(
                users.Session, $"Start-DfssPeer box{run} -Port 0 | Stop-DfssPeer", $"run {run}", outcomes);
            Assert.True(oneOf > 1 || forger.Forged > before, $"The peer of run {run} asked the issuer nothing.");
        }

        await KeepUpAsync(box, outcomes);
    }

    /// <summary>What a running peer asks hourly: it may fail with an error of DFSS, which the peer logs.</summary>
    private static async Task KeepUpAsync(ClusterMembership box, SortedDictionary<string, int> outcomes)
    {
        StoreId store = Assert.Single(box.Stores);
        string outcome = "KeepUp: done";
        try
        {
            await new MemberRenewal(box, store).KeepUpAsync(box.LoadStore(store)!, ["127.0.0.1:1"], Token);
        }
        catch (DfssException error)
        {
            outcome = $"KeepUp: {error.Code}";
        }

        outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
    }

    /// <summary>Another user joins as a peer; its cluster's folder has the forging peer as the issuer.</summary>
    private async Task<ClusterMembership> JoinPeerAsync(string name, ClusterPeer forged)
    {
        string invitation = users.Invite($"-Role Peer -Name {name}");
        users.Be(name);
        users.Session.Run($"$null = Join-DfssCluster $invitation -StorePath {name}", ("invitation", invitation))
            .ThrowIfFailed();
        ClusterMembership box = ClusterMembership.At(Path.Combine(users.Path, name, "dfss"), "lab");
        await box.SavePeersAsync([forged], Token);
        return box;
    }

    /// <summary>The invitation, to be redeemed at the forging peer.</summary>
    private static string Through(ForgingPeer forger, string text)
    {
        Invitation invitation = Invitation.Parse(text);
        return new Invitation(
            [forger.Address], invitation.Authority, invitation.Role, invitation.Expires, invitation.Secret).ToText();
    }
}
