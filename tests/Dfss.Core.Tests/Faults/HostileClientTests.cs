using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Faults;

/// <summary>Hostile clients at real peer processes: beside each of them an honest client is served, the peer's memory
/// stays within bounds, and when it has gone the peer is as it was before. <c>DFSS_ADVERSARIAL=1</c> has all of them,
/// and each at a peer with TLS and at one without where both can be; else it is one of the two, and those that take
/// long are left out.</summary>
public sealed partial class HostileClientTests(HostileClientTests.Peers peers) : IClassFixture<HostileClientTests.Peers>
{
    /// <summary>512 MB: 128 MiB of payloads, 32 MiB of headers, and what .NET needs for the rest, among it what it has
    /// not collected yet. A peer without limits takes gigabytes.</summary>
    private const long MemoryLimit = 512_000_000;

    private const int FileBytes = (2 << 20) + 12_345;

    /// <summary>For what happens at once when nothing is wrong, and within the peer's timeLimit otherwise.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(120);

    public static TheoryData<string, bool> Clients
    {
        get
        {
            TheoryData<string, bool> rows = [];
            bool isAll = SearchSize.IsWhole("DFSS_ADVERSARIAL");
            foreach ((int index, AdversarialClient adversary) in AdversarialClient.All.Where(
                adversary => isAll || !adversary.IsLong).Index())
            {
                bool isEither = !adversary.NeedsTls && !adversary.IsPlainOnly && !isAll;
                if (isEither ? index % 2 == 0 : !adversary.NeedsTls)
                {
                    rows.Add(adversary.Name, false);
                }

                if (isEither ? index % 2 == 1 : !adversary.IsPlainOnly)
                {
                    rows.Add(adversary.Name, true);
                }
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Beside_one_that_an_honest_client_goes_on_and_the_peer_is_as_before_when_it_has_gone(
        string name, bool isOverTls)
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux(), "The attackers' addresses, and the peer's memory, are those of Linux.");
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(
            TestContext.Current.CancellationToken);
        limit.CancelAfter(Soon);
        TargetPeer peer = await peers.GetAsync(isOverTls);
        await using HonestClient honest = new(peer);
        await honest.TransferAsync(FileBytes, limit.Token);
        int connections = await honest.CountConnectionsAsync(limit.Token);
        peer.ForgetPeak();
        long began = Stopwatch.GetTimestamp();

        await using (Attacker attacker = new(peer, isPersistent: false))
        {
            AdversarialClient adversary = AdversarialClient.All.Single(each => each.Name == name);
            await attacker.BeginAsync(adversary).WaitAsync(limit.Token);
            Assert.True(
                !adversary.IsLetIn || attacker.FailedEarly == 0,
                $"{attacker.FailedEarly} of its connections were not let in.");

            began = Tell("attack begun", began);

            // One that is connected, and one that comes now.
            await honest.TransferAsync(FileBytes, limit.Token);
            await using HonestClient other = new(peer);
            await other.TransferAsync(FileBytes, limit.Token);
            began = Tell("honest clients served", began);
        }

        began = Tell("adversary gone", began);

        long peak = peer.PeakResidentBytes;
        Assert.True(peak < MemoryLimit, $"The peer took {peak:N0} bytes.");
        for (int left = int.MaxValue; left > connections;)
        {
            left = await honest.CountConnectionsAsync(limit.Token);
            await Task.Delay(1, limit.Token);
        }

        await using HonestClient later = new(peer);
        await later.TransferAsync(FileBytes, limit.Token);
        Tell($"peer as before; it took {peak:N0} bytes at most", began);
        Assert.DoesNotContain("fault", peer.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Repeated_refusals_are_logged_a_few_times()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The attackers' addresses are those of Linux.");
        await using TargetPeer peer = await TargetPeer.StartAsync(isSecured: true, Peers.TimeLimit);
        await using (Attacker attacker = new(peer, isPersistent: false))
        {
            await attacker.BeginAsync(
                AdversarialClient.All.Single(
                    adversary => adversary.Name.Contains("unknown authority", StringComparison.Ordinal)));
        }

        await using HonestClient honest = new(peer);
        await honest.TransferAsync(FileBytes, TestContext.Current.CancellationToken);
        Assert.InRange(Attackers().Count(peer.Log), 1, Dfss.Peers.SessionLog.RefusalsPerAddress);
    }

    private static long Tell(string what, long began)
    {
        TestContext.Current.TestOutputHelper!.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture, $"{what}: {Stopwatch.GetElapsedTime(began).TotalSeconds:0.00} s"));
        return Stopwatch.GetTimestamp();
    }

    [GeneratedRegex(@"127\.0\.0\.2:")]
    private static partial Regex Attackers();

    /// <summary>One peer without TLS and one with it for all of them: what one leaves behind the next would
    /// find.</summary>
    public sealed class Peers : IAsyncLifetime
    {
        /// <summary>So that an idle client is closed while the tests wait; an honest client does something all
        /// the time.</summary>
        internal static TimeSpan TimeLimit { get; } = TimeSpan.FromSeconds(4);

        private readonly Lazy<Task<TargetPeer>> plain = new(() => TargetPeer.StartAsync(isSecured: false, TimeLimit));
        private readonly Lazy<Task<TargetPeer>> secured = new(() => TargetPeer.StartAsync(isSecured: true, TimeLimit));

        internal Task<TargetPeer> GetAsync(bool isOverTls) => isOverTls ? secured.Value : plain.Value;

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            foreach (Lazy<Task<TargetPeer>> peer in new[] { plain, secured })
            {
                if (peer.IsValueCreated)
                {
                    await (await peer.Value).DisposeAsync();
                }
            }
        }
    }
}
