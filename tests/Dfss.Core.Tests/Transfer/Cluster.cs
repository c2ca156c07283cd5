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

    public static async Task<Cluster> StartAsync(int count, bool onDisk = false, TransferOptions? options = null)
    {
        TemporaryFolder folder = new();
        List<DfssPeer> peers = [];
        for (int i = 0; i < count; i++)
        {
            peers.Add(await DfssPeer.StartAsync(
                new PeerOptions { Port = 0, StorePath = onDisk ? folder[$"store{i}"] : null }, TestContext.Current.CancellationToken));
        }

        return new Cluster(peers, new DfssClient([.. peers.Select(AddressOf)], options ?? TransferOptions.Default), folder);
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
