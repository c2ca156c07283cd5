using System.Net;
using Dfss.Peers;
using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Peers;

public class ConnectionLimiterTests(ITestOutputHelper output)
{
    private readonly ConnectionLimiter connectionLimiter = new(new PeerMemory().Open);
    private readonly List<CountedConnection> displaced = [];

    [Fact]
    public void A_flood_from_one_address_displaces_its_own_oldest_connections_and_no_other()
    {
        CountedConnection honest = Enter("honest");
        List<CountedConnection> flood = [.. Enumerable.Range(0, 1000).Select(_ => Enter("flood"))];
        Assert.Equal(DfssLimits.MaxUnauthenticatedConnections, connectionLimiter.Unauthenticated);
        Assert.Equal(flood.Take(1001 - DfssLimits.MaxUnauthenticatedConnections), displaced);
        Assert.NotNull(connectionLimiter.Admit(honest, "honest"));
    }

    [Fact]
    public void A_client_among_many_silent_connections_is_admitted()
    {
        List<CountedConnection> silent =
            [.. Enumerable.Range(0, DfssLimits.MaxUnauthenticatedConnections).Select(_ => Enter("here"))];
        CountedConnection honest = Enter("here");
        Assert.Equal([silent[0]], displaced);
        Assert.NotNull(connectionLimiter.Admit(honest, "here"));
        Assert.Equal(DfssLimits.MaxUnauthenticatedConnections - 1, connectionLimiter.Unauthenticated);
    }

    [Fact]
    public void Where_no_address_has_more_than_another_the_oldest_goes()
    {
        List<CountedConnection> all =
            [.. Enumerable.Range(0, DfssLimits.MaxUnauthenticatedConnections + 2).Select(i => Enter($"{i}"))];
        Assert.Equal(all.Take(2), displaced);
    }

    [Fact]
    public void A_displaced_connection_is_not_admitted_and_leaves_once()
    {
        CountedConnection first = Enter("here");
        Fill();
        DfssException error = Assert.Throws<DfssException>(() => connectionLimiter.Admit(first, "here"));
        Assert.Equal(DfssErrorCode.PeerBusy, error.Code);
        connectionLimiter.Leave(first);
        Assert.Equal(
            (DfssLimits.MaxUnauthenticatedConnections, 0),
            (connectionLimiter.Unauthenticated, connectionLimiter.Admitted));
    }

    [Fact]
    public void Of_one_identity_so_many_are_let_in_and_of_all_so_many()
    {
        List<CountedConnection> first = Admit("a", DfssLimits.MaxConnectionsPerIdentity);
        Assert.Equal(DfssErrorCode.PeerBusy, Refuse("a"));
        Admit("b", DfssLimits.MaxConnectionsPerIdentity - 1);
        Admit("c", 1);
        Assert.Equal(DfssLimits.MaxConnections, connectionLimiter.Admitted);
        Assert.Equal(DfssErrorCode.PeerBusy, Refuse("d"));
        connectionLimiter.Leave(first[0]);
        Admit("d", 1);
        Assert.Empty(displaced);
    }

    [Fact]
    public void No_admitted_connection_is_displaced()
    {
        Admit("here", DfssLimits.MaxConnectionsPerIdentity);
        Fill();
        Fill();
        Assert.Equal(DfssLimits.MaxConnectionsPerIdentity, connectionLimiter.Admitted);
    }

    [Fact]
    public void The_connections_of_an_identity_have_one_share_until_the_last_has_left()
    {
        CountedConnection one = Enter("here");
        CountedConnection other = Enter("there");
        IdentityShare share = connectionLimiter.Admit(one, "ann");
        Assert.Same(share, connectionLimiter.Admit(other, "ann"));
        connectionLimiter.Leave(one);
        Assert.Same(share, connectionLimiter.Admit(Enter("here"), "ann"));
        Assert.NotSame(share, connectionLimiter.Admit(Enter("here"), "bob"));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2::/64")]
    [InlineData("::1", "::1")]
    public void A_client_counts_by_its_IPv4_address_or_its_IPv6_prefix(string address, string expected) =>
        Assert.Equal(expected, ConnectionLimiter.AddressOf(new IPEndPoint(IPAddress.Parse(address), 1)));

    /// <summary>Random comings and goings, against a list that is searched in the plainest way.</summary>
    [Fact]
    public void Whatever_happens_the_right_one_is_pushed_out_and_the_counts_are_right()
    {
        int seed = FaultSeed.Take(output);
        Random random = new(seed);
        List<CountedConnection> unauthenticated = [];
        List<(CountedConnection CountedConnection, string Identity)> admitted = [];
        for (int step = 0; step < 20_000; step++)
        {
            int kind = random.Next(20);
            if (kind < 12)
            {
                displaced.Clear();
                unauthenticated.Add(Enter($"{Math.Sqrt(random.Next(100)):0}"));
                CountedConnection[] expected = unauthenticated.Count > DfssLimits.MaxUnauthenticatedConnections
                    ? [unauthenticated.GroupBy(counted => counted.Address).OrderByDescending(group => group.Count())
                        .ThenBy(group => unauthenticated.IndexOf(group.First())).First().First()]
                    : [];
                Assert.True(
                    expected.SequenceEqual(displaced), $"Seed {seed}, step {step}: another one was pushed out.");
                unauthenticated.RemoveAll(expected.Contains);
            }
            else if (kind < 17 && unauthenticated.Count > 0)
            {
                CountedConnection counted = unauthenticated[random.Next(unauthenticated.Count)];
                string identity = $"{random.Next(3)}";
                bool hasRoom = admitted.Count < DfssLimits.MaxConnections
                    && admitted.Count(each => each.Identity == identity) < DfssLimits.MaxConnectionsPerIdentity;
                Assert.True(
                    hasRoom == IsAdmitted(counted, identity), $"Seed {seed}, step {step}: let in or refused wrongly.");
                if (hasRoom)
                {
                    unauthenticated.Remove(counted);
                    admitted.Add((counted, identity));
                }
            }
            else if (kind == 17 && unauthenticated.Count > 0)
            {
                int index = random.Next(unauthenticated.Count);
                connectionLimiter.Leave(unauthenticated[index]);
                unauthenticated.RemoveAt(index);
            }
            else if (admitted.Count > 0)
            {
                int index = random.Next(admitted.Count);
                connectionLimiter.Leave(admitted[index].CountedConnection);
                admitted.RemoveAt(index);
            }

            Assert.Equal(
                (unauthenticated.Count, admitted.Count),
                (connectionLimiter.Unauthenticated, connectionLimiter.Admitted));
        }
    }

    private CountedConnection Enter(string address)
    {
        CountedConnection? counted = null;
        counted = new CountedConnection(address, () => displaced.Add(counted!));
        connectionLimiter.Enter(counted);
        return counted;
    }

    private void Fill()
    {
        for (int i = 0; i < DfssLimits.MaxUnauthenticatedConnections; i++)
        {
            Enter("here");
        }
    }

    private List<CountedConnection> Admit(string identity, int count)
    {
        List<CountedConnection> all = [];
        for (int i = 0; i < count; i++)
        {
            all.Add(Enter(identity));
            connectionLimiter.Admit(all[^1], identity);
        }

        return all;
    }

    private DfssErrorCode Refuse(string identity)
    {
        CountedConnection counted = Enter(identity);
        DfssErrorCode code = Assert.Throws<DfssException>(() => connectionLimiter.Admit(counted, identity)).Code;
        connectionLimiter.Leave(counted);
        return code;
    }

    private bool IsAdmitted(CountedConnection counted, string identity)
    {
        try
        {
            connectionLimiter.Admit(counted, identity);
            return true;
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.PeerBusy)
        {
            return false;
        }
    }
}
