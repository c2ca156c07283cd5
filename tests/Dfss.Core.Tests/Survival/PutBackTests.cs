using Dfss.Testing;
using Dfss.Transfer;
using Xunit;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// A store folder of three is put back from a copy made earlier. Tests: peers as processes, one of them stopped, its
/// folder's contents replaced, and started. Verifies: what was removed stays removed, newer versions stay current with
/// another member down, the client says which peer has no vote, and a repair gives the vote back.
/// </summary>
public sealed class PutBackTests : IAsyncLifetime
{
    private const int PutBack = 1;
    private const int Down = 2;

    private readonly TemporaryFolder folder = new();
    private readonly List<string> warnings = [];
    private PeerGroup peers = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are Unix's.");
        peers = await PeerGroup.StartAsync(folder, 3, PeerSettings.Default);
    }

    public async ValueTask DisposeAsync()
    {
        if (peers is not null)
        {
            await peers.DisposeAsync();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task A_store_put_back_from_a_copy_brings_nothing_old_back_and_votes_again_after_a_repair()
    {
        StoredFile old = await SendAsync("replaced", seed: 1);
        StoredFile removed = await SendAsync("removed", seed: 2);
        await CopyAsideAsync();
        await SendAsync("new", seed: 4);
        await peers.KillAsync(Down);
        StoredFile current = await SendAsync("replaced", seed: 3);
        await RemoveAsync(removed);
        await PutBackAsync();

        await AssertIsNotOldAsync(old);
        await peers.RestartAsync(Down);
        string[] said = [.. warnings.Where(IsOfPutBack)];
        Assert.DoesNotContain(said, warning => warning.StartsWith($"{peers[Down].Address}:", StringComparison.Ordinal));
        Assert.Contains(said, warning => warning.StartsWith($"{peers[PutBack].Address}:", StringComparison.Ordinal)
            && warning.Contains("Repair-DfssFile", StringComparison.Ordinal));

        await RepairAllAsync();
        await peers.KillAsync(Down);
        warnings.Clear();
        Assert.Equal(["new", "replaced"], (await ListAsync()).Select(file => file.Record.Name));
        Assert.All(await ListAsync(), file => Assert.True(file.IsCurrent, file.Record.Name));
        StoredFile read = await GetAsync("replaced");
        Assert.True(read.IsCurrent);
        Assert.Equal(current.Record.FileId, read.Record.FileId);
        Assert.Equal(3, (await SendAsync("replaced", seed: 5)).Record.Version);
        Assert.DoesNotContain(warnings, IsOfPutBack);
    }

    [Fact]
    public async Task A_store_that_is_only_restarted_keeps_its_vote()
    {
        await SendAsync("x", seed: 1);
        await peers.KillAsync(PutBack);
        await peers.RestartAsync(PutBack);
        await peers.KillAsync(Down);

        Assert.True((await GetAsync("x")).IsCurrent);
        Assert.True(Assert.Single(await ListAsync()).IsCurrent);
        Assert.Equal(2, (await SendAsync("x", seed: 2)).Record.Version);
        Assert.Equal(1, (await SendAsync("y", seed: 3)).Record.Version);
        Assert.DoesNotContain(warnings, IsOfPutBack);
    }

    [Fact]
    public async Task Of_two_peers_one_that_was_put_back_votes_since_the_other_one_knows_everything()
    {
        await peers.DisposeAsync();
        peers = await PeerGroup.StartAsync([folder["a"], folder["b"]], PeerSettings.Default);
        StoredFile removed = await SendAsync("removed", seed: 2);
        await SendAsync("x", seed: 1);
        await CopyAsideAsync();
        await SendAsync("x", seed: 3);
        await RemoveAsync(removed);
        await PutBackAsync();

        await FailsAsync(DfssErrorCode.FileNotFound, () => GetAsync("removed"));
        Assert.Equal(2, (await GetAsync("x")).Record.Version);
        Assert.Equal(3, (await SendAsync("x", seed: 4)).Record.Version);
        Assert.True(Assert.Single(await ListAsync()).IsCurrent);
    }

    /// <summary>
    /// With the one that was put back and one that knows better: nothing of before is shown as current.
    /// </summary>
    private async Task AssertIsNotOldAsync(StoredFile old)
    {
        StoredFile read = await GetAsync("replaced");
        Assert.NotEqual(old.Record.FileId, read.Record.FileId);
        Assert.False(read.IsCurrent);
        await FailsAsync(DfssErrorCode.FileNotFound, () => GetAsync("removed"));
        await FailsAsync(DfssErrorCode.NoMajority, () => SendAsync("replaced", seed: 6));
        IReadOnlyList<StoredFile> listed = await ListAsync();
        Assert.Equal(["new", "replaced"], listed.Select(file => file.Record.Name));
        Assert.All(listed, file => Assert.False(file.IsCurrent, file.Record.Name));
    }

    private static bool IsOfPutBack(string warning) =>
        warning.Contains("restored from an earlier copy", StringComparison.Ordinal);

    private static async Task FailsAsync(DfssErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DfssException>(action)).Code);

    private async Task CopyAsideAsync()
    {
        await peers[PutBack].StopAsync();
        Copy(peers[PutBack].StorePath, folder["aside"]);
        await peers.RestartAsync(PutBack);
    }

    private async Task PutBackAsync()
    {
        await peers[PutBack].StopAsync();
        string store = peers[PutBack].StorePath;
        // The folders stay: in new ones the peer does not start unless it is told that the store moved.
        foreach (string file in Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories))
        {
            File.Delete(file);
        }

        Copy(folder["aside"], store);
        await peers.RestartAsync(PutBack);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string inner in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, inner)));
        }

        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }

    /// <summary>A client of its own for each: it remembers nothing of what others did.</summary>
    private DfssClient NewClient() => new(peers.Addresses, new TransferOptions
    {
        MaxAttempts = 3,
        RetryDelay = TimeSpan.FromMilliseconds(10),
        Warning = warnings.Add,
    });

    private async Task<StoredFile> SendAsync(string name, int seed)
    {
        await using DfssClient client = NewClient();
        SendOptions options = new() { Replicas = 2, Force = true };
        return await client.SendAsync(
            folder.CreateFile($"source{seed}", 100_000, seed), name, options, progress: null, Token);
    }

    private async Task RemoveAsync(StoredFile file)
    {
        await using DfssClient client = NewClient();
        await client.RemoveAsync(file, RemoveOptions.Default, Token);
    }

    private async Task<StoredFile> GetAsync(string name)
    {
        await using DfssClient client = NewClient();
        return await client.GetAsync(name, Token);
    }

    private async Task<IReadOnlyList<StoredFile>> ListAsync()
    {
        await using DfssClient client = NewClient();
        List<StoredFile> files = [];
        await foreach (StoredFile file in client.ListAsync(string.Empty, Token))
        {
            files.Add(file);
        }

        return files;
    }

    private async Task RepairAllAsync()
    {
        foreach (StoredFile file in await ListAsync())
        {
            await using DfssClient client = NewClient();
            await client.RepairAsync(file, RepairOptions.Default, progress: null, Token);
        }
    }
}
