using System.Text;
using Dfss.Storage;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>What every <see cref="IObjectStore"/> keeps, as far as one client can see it; the probe has the
/// races.</summary>
public abstract class ObjectStoreContract : IAsyncLifetime
{
    private IObjectStore objects = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => objects = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    private protected abstract Task<IObjectStore> OpenAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((1 << 20) + 1)]
    public async Task What_was_put_is_got_and_a_put_replaces_it(int length)
    {
        (_, byte[] content) = TestChunks.Make(1, length);
        await objects.PutAsync("key", "before"u8.ToArray(), Token);
        await objects.PutAsync("key", content, Token);
        Assert.Equal(content, (await objects.GetAsync("key", Token))!.Value.ToArray());
        Assert.Equal(length, Assert.Single(await ListAsync("key")).Length);
    }

    [Fact]
    public async Task A_copy_has_the_same_bytes_and_replaces_what_is_there()
    {
        string key = "from/a b+\u00E4";
        Assert.False(await objects.CopyAsync(key, "to", Token));
        await objects.PutAsync(key, "content"u8.ToArray(), Token);
        await objects.PutAsync("to", "before"u8.ToArray(), Token);
        Assert.True(await objects.CopyAsync(key, "to", Token));
        Assert.Equal("content"u8.ToArray(), (await objects.GetAsync("to", Token))!.Value.ToArray());
        Assert.Equal("content"u8.ToArray(), (await objects.GetAfreshAsync(key, Token))!.Value.ToArray());
        Assert.Null(await objects.GetAfreshAsync("absent", Token));
    }

    [Fact]
    public async Task A_create_keeps_what_is_there()
    {
        Assert.Equal(CreateOutcome.Created, await objects.CreateAsync("key", "first"u8.ToArray(), Token));
        Assert.Equal(CreateOutcome.Exists, await objects.CreateAsync("key", "second"u8.ToArray(), Token));
        Assert.Equal(CreateOutcome.Exists, await objects.CreateAsync("key", default, Token));
        Assert.Equal("first"u8.ToArray(), (await objects.GetAsync("key", Token))!.Value.ToArray());
    }

    [Fact]
    public async Task What_is_deleted_is_gone_and_can_be_created_again()
    {
        await objects.DeleteAsync("key", Token);
        await objects.PutAsync("key", "first"u8.ToArray(), Token);
        await objects.DeleteAsync("key", Token);
        Assert.Null(await objects.GetAsync("key", Token));
        Assert.Empty(await ListAsync("key"));
        Assert.Equal(CreateOutcome.Created, await objects.CreateAsync("key", default, Token));
        Assert.True((await objects.GetAsync("key", Token))!.Value.IsEmpty);
    }

    [Fact]
    public async Task A_list_is_in_the_order_of_bytes_and_goes_on_after_a_key()
    {
        // U+FF5E sorts before U+1F600 by UTF-8 and after it by UTF-16.
        // And XML has no U+FFFE and U+FFFF.
        string[] keys =
        [
            "p/!", "p/\"0", "p/%41", "p/+", "p/a b", "p/a&<b>'", "p/b", "p/\u00E4", "p/\uFF5E", "p/\uFFFE", "p/\uFFFF",
            "p/\U0001F600",
        ];
        foreach (string key in keys.Reverse())
        {
            await objects.PutAsync(key, Encoding.UTF8.GetBytes(key), Token);
        }

        await objects.PutAsync("p", default, Token);
        await objects.PutAsync("q/a", default, Token);
        Assert.Equal(keys, (await ListAsync("p/")).Select(entry => entry.Key));
        Assert.Equal(keys[4..], (await ListAsync("p/", keys[3])).Select(entry => entry.Key));
        Assert.Equal(keys[2..5], (await ListAsync("p/", keys[1], limit: 3)).Select(entry => entry.Key));
        Assert.Empty(await ListAsync("p/", keys[^1]));
        foreach (string key in keys)
        {
            Assert.Equal(Encoding.UTF8.GetBytes(key), (await objects.GetAsync(key, Token))!.Value.ToArray());
        }
    }

    private async Task<IReadOnlyList<ObjectEntry>> ListAsync(string prefix, string? after = null, int limit = 1000) =>
        await objects.ListAsync(prefix, after, limit, Token);
}
