using System.Text;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// Spreads revocation lists in a cluster: a peer sends the number of its list in hello, and the side with the older
/// list gets the newer one. The list is trusted because the authority has signed it, whichever member sends it.
/// </summary>
/// <param name="validator">This side's certificate validator.</param>
/// <param name="kept">This side's list.</param>
/// <param name="log">Receives the failures that do not stop the work at hand.</param>
internal sealed class RevocationExchange(CertificateValidator validator, RevocationFile kept, Action<string>? log)
{
    /// <summary>The exchange of this side's revocation list; null where this side keeps none.</summary>
    /// <param name="tls">This side's certificates.</param>
    /// <param name="log">Receives the failures that do not stop the work at hand.</param>
    public static RevocationExchange? For(TlsTransport tls, Action<string>? log) =>
        tls.Validator.Kept is { } kept ? new RevocationExchange(tls.Validator, kept, log) : null;

    /// <summary>Makes sure that both sides have the newer list.</summary>
    /// <exception cref="DfssException">
    /// CertificateRevoked: the list names the peer. Or the failure of the connection.
    /// </exception>
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
            // The next connection, of this member or another one, repeats the exchange.
            log?.Invoke($"The revocation lists here and at {address} could not be synchronized: {error.Reason}");
        }

        if (channel.Peer is { } peer && validator.Recheck(peer, "peer") is { } refusal)
        {
            throw refusal.At(address);
        }
    }

    /// <summary>The number of this side's list.</summary>
    public long Number => kept.Number;

    /// <summary>Replaces this side's list if the given one is newer.</summary>
    /// <exception cref="DfssException">
    /// InvalidArgument: the authority has not signed the list; DestinationUnwritable.
    /// </exception>
    public Task TakeAsync(byte[] list, CancellationToken cancellationToken) =>
        kept.ReplaceAsync(list, cancellationToken);

    /// <summary>Sends a list to a peer.</summary>
    /// <returns>The number of the list that the peer has now.</returns>
    /// <exception cref="DfssException">The peer could not store it; or the failure of the connection.</exception>
    public static async Task<long> PushAsync(ClientChannel channel, byte[] list, CancellationToken cancellationToken)
    {
        using Response response = await channel.CallAsync(
            Operations.PutRevocations, MessageMap.Empty, list, cancellationToken).ConfigureAwait(false);
        return response.Results.TryGet("number", out MessageValue number) ? number.AsInteger() : 0;
    }

    private async Task FetchAsync(ClientChannel channel, CancellationToken cancellationToken)
    {
        using Response response = await channel.CallAsync(
            Operations.GetRevocations, MessageMap.Empty, ReadOnlyMemory<byte>.Empty,
            cancellationToken).ConfigureAwait(false);
        await TakeAsync(response.Payload.ToArray(), cancellationToken).ConfigureAwait(false);
    }
}
