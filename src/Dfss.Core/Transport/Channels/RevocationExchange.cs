using System.Text;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// How revocation lists get around in a cluster: a peer says the number of its list in hello, and of the two sides the one with
/// the older list gets the newer one. Whoever brings it: the authority has signed it.
/// </summary>
/// <param name="judge">This side's judge of certificates.</param>
/// <param name="kept">This side's list.</param>
/// <param name="log">Told what went wrong and does not stop the work at hand.</param>
internal sealed class RevocationExchange(CertificateValidator judge, RevocationFile kept, Action<string>? log)
{
    /// <summary>The exchange of this side's revocation list; null where this side keeps none.</summary>
    /// <param name="tls">This side's certificates.</param>
    /// <param name="log">Receives the failures that do not stop the work at hand.</param>
    public static RevocationExchange? For(TlsTransport tls, Action<string>? log) =>
        tls.Validator.Kept is { } kept ? new RevocationExchange(tls.Validator, kept, log) : null;

    /// <summary>Sees to it that both sides have the newer list.</summary>
    /// <exception cref="DfssException">CertificateRevoked: the peer is on it. Or what became of the connection.</exception>
    public async Task RunAsync(ClientChannel channel, PeerAddress address, CancellationToken cancellationToken)
    {
        if (channel.Hello.RevocationNumber is not long theirs || theirs == kept.Number)
        {
            return;
        }

        try
        {
            await (theirs > kept.Number
                ? FetchAsync(channel, cancellationToken)
                : PushAsync(channel, Encoding.ASCII.GetBytes(kept.Read()), cancellationToken)).ConfigureAwait(false);
        }
        catch (DfssException error) when (channel.IsUsable)
        {
            // The next connection makes up for it, of this member or of another one.
            log?.Invoke($"The revocation lists here and at {address} could not be made the same: {error.Reason}");
        }

        if (channel.Peer is { } peer && judge.Recheck(peer, "peer") is { } refusal)
        {
            throw refusal.Retold($"{address}: {refusal.Reason}");
        }
    }

    /// <summary>The number of the list on this side.</summary>
    public long Number => kept.Number;

    /// <summary>Takes a list over on this side, where it is newer.</summary>
    /// <exception cref="DfssException">InvalidArgument: it is no list of the authority's; DestinationUnwritable.</exception>
    public Task TakeAsync(byte[] list, CancellationToken cancellationToken) => kept.ReplaceAsync(list, cancellationToken);

    /// <summary>Gives a peer a list.</summary>
    /// <returns>The number of the list that the peer has now.</returns>
    /// <exception cref="DfssException">The peer could not take it; or what became of the connection.</exception>
    public static async Task<long> PushAsync(ClientChannel channel, byte[] list, CancellationToken cancellationToken)
    {
        using Response response = await channel.CallAsync(
            Operations.PutRevocations, MessageMap.Empty, list, cancellationToken).ConfigureAwait(false);
        return response.Results.TryGet("number", out MessageValue number) ? number.AsInteger() : 0;
    }

    private async Task FetchAsync(ClientChannel channel, CancellationToken cancellationToken)
    {
        using Response response = await channel.CallAsync(
            Operations.GetRevocations, MessageMap.Empty, ReadOnlyMemory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        await TakeAsync(response.Payload.ToArray(), cancellationToken).ConfigureAwait(false);
    }
}
