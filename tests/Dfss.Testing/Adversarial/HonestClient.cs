using System.Security.Cryptography;
using Dfss.Transfer;

namespace Dfss.Testing;

/// <summary>A client that does nothing but send files and receive them, and looks whether they are right.</summary>
internal sealed class HonestClient(TargetPeer peer) : IAsyncDisposable
{
    private readonly DfssClient client = peer.CreateClient();

    /// <summary>The connections that the peer has, those of this client with them.</summary>
    public async Task<int> CountConnectionsAsync(CancellationToken cancellationToken) =>
        (await client.GetPeerInfoAsync(peer.Address, cancellationToken)).Connections;

    /// <summary>
    /// Sends new bytes, and receives them; again where there was no time for it, as attackers on the same machine take
    /// its processors too.
    /// </summary>
    /// <exception cref="InvalidOperationException">What came is not what was sent.</exception>
    public async Task TransferAsync(int lengthBytes, CancellationToken cancellationToken)
    {
        while (!await TryTransferAsync(lengthBytes, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<bool> TryTransferAsync(int lengthBytes, CancellationToken cancellationToken)
    {
        string name = $"honest-{Guid.NewGuid():N}";
        string source = peer.Folder[name];
        string destination = peer.Folder[name + ".received"];
        byte[] content = RandomNumberGenerator.GetBytes(lengthBytes);
        await File.WriteAllBytesAsync(source, content, cancellationToken);
        try
        {
            StoredFile sent = await client.SendAsync(
                source, name, SendOptions.Default with { Replicas = 1 }, progress: null, cancellationToken);
            await client.ReceiveAsync(sent, destination, ReceiveOptions.Default, progress: null, cancellationToken);
        }
        catch (DfssException error) when (error.IsTransient || error.Code == DfssErrorCode.NoMajority)
        {
            return false;
        }

        byte[] received = await File.ReadAllBytesAsync(destination, cancellationToken);
        File.Delete(source);
        File.Delete(destination);
        if (!received.AsSpan().SequenceEqual(content))
        {
            throw new InvalidOperationException($"'{name}' came back as something else.");
        }

        return true;
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();
}
