using Dfss.Peers;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>Some peers in this process, on free loopback ports, and a client of them.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private Cluster(IReadOnlyList<DfssPeer> peers, DfssClient client, TemporaryFolder folder)
    {
        Peers = peers;
        Client = client;
        Folder = folder;
    }

    public IReadOnlyList<DfssPeer> Peers { get; }

    public DfssClient Client { get; }

    public TemporaryFolder Folder { get; }

    public IReadOnlyList<PeerAddress> Addresses => [.. Peers.Select(AddressOf)];

    /// <summary>The peer that is a member of a file's home.</summary>
    public DfssPeer PeerOf(HomeMember member) => Peers.Single(peer => peer.StoreId == member.StoreId);

    /// <summary>The folder of a member's store, of a cluster on disk.</summary>
    public string StoreOf(HomeMember member) =>
        Folder[$"store{Peers.TakeWhile(peer => peer.StoreId != member.StoreId).Count()}"];

    /// <summary>Has a member lose a chunk.</summary>
    public Task LoseAsync(HomeMember member, ChunkId id) =>
        PeerOf(member).Chunks.DeleteAsync(id, CancellationToken.None).AsTask();

    /// <summary>Changes a chunk on a member's disk.</summary>
    public void Corrupt(HomeMember member, ChunkId id) => StoreFiles.Corrupt(StoreOf(member), id);

    /// <param name="count">How many peers.</param>
    /// <param name="onDisk">Whether their stores are on disk.</param>
    /// <param name="options">How the client transfers.</param>
    /// <param name="admitsAnyClient">
    /// Whether the peers serve every client, through proxies too, for whose ports there are no tokens.
    /// </param>
    public static async Task<Cluster> StartAsync(
        int count, bool onDisk = false, TransferOptions? options = null, bool admitsAnyClient = false)
    {
        TemporaryFolder folder = new();
        List<DfssPeer> peers = [];
        for (int i = 0; i < count; i++)
        {
            peers.Add(await DfssPeer.StartAsync(
                new PeerOptions
                {
                    Port = 0,
                    StorePath = onDisk ? folder[$"store{i}"] : null,
                    AllowUnauthenticatedNetwork = admitsAnyClient,
                },
                TestContext.Current.CancellationToken));
        }

        return new Cluster(
            peers, new DfssClient([.. peers.Select(AddressOf)], options ?? TransferOptions.Default), folder);
    }

    public static PeerAddress AddressOf(DfssPeer peer) => PeerAddress.Parse(peer.AdvertisedAddresses[0]);

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        foreach (DfssPeer peer in Peers)
        {
            await peer.DisposeAsync();
        }

        Folder.Dispose();
    }
}
