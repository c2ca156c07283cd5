using System.Text;
using Dfss.Clusters;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>The revocation list of a cluster in a file that several processes share.</summary>
public sealed class RevocationFileTests(ITestOutputHelper output)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Processes_that_bring_lists_in_any_order_leave_the_newest()
    {
        using TestAuthority test = new();
        ClusterAuthority authority = test.Authority;
        using TemporaryFolder folder = new();
        string path = folder["revoked.crl"];
        await File.WriteAllTextAsync(path, authority.CreateRevocationList(), Token);
        List<string> lists = [await File.ReadAllTextAsync(path, Token)];
        for (int i = 0; i < 24; i++)
        {
            lists.Add(authority.Revoke(lists[^1], [[0x41, (byte)i]]));
        }

        // Each has the file open in its own way, as different processes do.
        Random random = new(FaultSeed.Take(output));
        await Task.WhenAll(lists.OrderBy(_ => random.Next()).Select(list => Task.Run(
            () => new RevocationFile(path, test.Certificate, TimeProvider.System).ReplaceAsync(
                Encoding.ASCII.GetBytes(list), Token), Token)));
        RevocationFile last = new(path, test.Certificate, TimeProvider.System);
        Assert.Equal((25, true), (last.Number, last.Has("4117")));
        Assert.False(await last.ReplaceAsync(Encoding.ASCII.GetBytes(lists[^2]), Token));
        Assert.Equal(25, last.Number);
    }
}
