using Dfss.Storage;
using Dfss.Transfer;

namespace Dfss.Tests.Survival;

/// <content>What is in the stores: a folder of each peer, or one store in an engine.</content>
internal sealed partial class CollectionRig
{
    /// <summary>
    /// Where the stores hold something else than what the versions kept consist of, or less than each of its copies.
    /// Which peers have them does not matter: from a peer that loses too much before the seal, the next of the ring
    /// takes over.
    /// </summary>
    public async Task<IReadOnlyList<string>> CompareStoresAsync()
    {
        HashSet<ChunkId> wanted = [];
        await using (DfssClient client = NewClient())
        {
            foreach (string name in Names)
            {
                StoredFile? stored = await TryGetAsync(client, name);
                wanted.UnionWith(
                    stored is null
                        ? []
                        : VersionsOf(stored).SelectMany(version => contents[version.Record.FileId].AllIds));
            }
        }

        HashSet<ChunkId>[] held = await ListStoresAsync();
        return
        [
            .. held.SelectMany(
                (there, i) => there.Except(wanted)
                    .Select(id => $"store {i} has {contents.Describe(id)}, which nothing needs")),
            .. wanted.Where(id => held.Count(there => there.Contains(id)) < (engine is null ? Copies : 1))
                .Select(id => $"there are too few of {contents.Describe(id)}"),
            .. await FindLeftOversAsync(),
        ];
    }

    /// <summary>All chunks that are in the stores.</summary>
    public async Task<int> CountChunksAsync() => (await ListStoresAsync()).Sum(store => store.Count);

    private async Task<HashSet<ChunkId>[]> ListStoresAsync() => engine is null
        ? await Task.WhenAll(Enumerable.Range(0, PeerCount).Select(ListFolderAsync))
        : [[.. (await ListKeysAsync(ObjectKeys.Chunks)).Select(key => ObjectKeys.ChunkOf(key)!.Value)]];

    /// <summary>What an engine has besides one object for each chunk and the registers.</summary>
    private async Task<IReadOnlyList<string>> FindLeftOversAsync() => engine is null
        ? []
        :
        [
            .. (await ListKeysAsync(ObjectKeys.Chunks)).GroupBy(key => ObjectKeys.ChunkOf(key))
                .Where(same => same.Count() > 1)
                .Select(same => $"there are {same.Count()} of {contents.Describe(same.Key!.Value)}"),
            .. await ListKeysAsync(ObjectKeys.Lists),
            .. await ListKeysAsync(ObjectKeys.Quarantine),
        ];

    private async Task<IReadOnlyList<string>> ListKeysAsync(string prefix) =>
        [.. (await engine!.ListAllAsync(prefix, default).ToListAsync()).Select(entry => entry.Key)];

    /// <summary>
    /// What is in a store after its peer was stopped in order and its folder looked through; then it is started again.
    /// </summary>
    private async Task<HashSet<ChunkId>> ListFolderAsync(int index)
    {
        await peers[index].StopAsync();
        HashSet<ChunkId> held = [];
        await using (LocalStore store = await LocalStore.OpenAsync(
            peers[index].StorePath, new LocalStoreOptions(), default))
        {
            await store.Recovery;
            held.UnionWith(await store.Chunks.EnumerateAsync(after: null, default).ToListAsync());
        }

        await peers.RestartAsync(index);
        return held;
    }
}
