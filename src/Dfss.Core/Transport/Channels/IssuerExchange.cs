using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// Spreads the statement of the issuer's address in a cluster, as <see cref="RevocationExchange"/> spreads revocation
/// lists: a peer sends the number of its statement in hello, and the side with the older one gets the newer one.
/// </summary>
/// <param name="kept">This side's statement.</param>
/// <param name="log">Receives the failures that do not stop the work at hand.</param>
internal sealed class IssuerExchange(IssuerFile kept, Action<string>? log)
{
    /// <summary>The exchange of this side's statement; null where this side keeps none.</summary>
    /// <param name="tls">This side's certificates.</param>
    /// <param name="log">Receives the failures that do not stop the work at hand.</param>
    public static IssuerExchange? For(TlsTransport tls, Action<string>? log) =>
        tls.Validator.Issuer is { } kept ? new IssuerExchange(kept, log) : null;

    /// <summary>Makes sure that both sides have the newer statement.</summary>
    /// <exception cref="DfssException">The failure of the connection.</exception>
    public async Task RunAsync(ClientChannel channel, PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            if (channel.Hello.IssuerNumber is long theirs)
            {
                await RunAsync(channel, theirs, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (DfssException error) when (channel.IsUsable)
        {
            // The next connection, of this member or another one, repeats the exchange.
            log?.Invoke($"The address of the cluster's issuer could not be exchanged with {address}: {error.Reason}");
        }
    }

    private async Task RunAsync(ClientChannel channel, long theirs, CancellationToken cancellationToken)
    {
        if (theirs < kept.Current.Number && kept.ReadSigned() is { } signed)
        {
            using Response pushed = await channel.CallAsync(
                Operations.PutIssuer, MessageMap.Empty, signed, cancellationToken).ConfigureAwait(false);

            // The issuer itself signs a newer statement where it is elsewhere.
            theirs = pushed.Results.TryGet("number", out MessageValue number) ? number.AsInteger() : 0;
        }

        if (theirs > kept.Current.Number)
        {
            using Response response = await channel.CallAsync(
                Operations.GetIssuer, MessageMap.Empty, ReadOnlyMemory<byte>.Empty,
                cancellationToken).ConfigureAwait(false);
            await kept.ReplaceAsync(response.Payload.ToArray(), cancellationToken).ConfigureAwait(false);
        }
    }
}
