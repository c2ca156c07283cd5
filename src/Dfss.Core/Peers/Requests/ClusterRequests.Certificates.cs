using System.Text;
using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Peers;

/// <content>Certificates: renewal, lists, revocation, and the revocation list.</content>
internal sealed partial class ClusterRequests
{
    /// <summary>20 bytes: no serial number is longer (RFC 5280).</summary>
    private const int MaxSerialBytes = 20;

    private const int MaxCertificatesPerPage = 1000;

    /// <summary>Issues another certificate to the calling member, like its own.</summary>
    public async ValueTask<RequestAnswer> RenewAsync(MessageMap map, RemoteIdentity caller)
    {
        byte[] request = Bounded(map.Required("request"), 1, MaxRequestBytes, "request");
        byte[] certificate = await Issuer.RenewAsync(request, caller).ConfigureAwait(false);
        return new RequestAnswer(new MessageMap { { "certificate", certificate } });
    }

    /// <summary>The newest certificate of each member.</summary>
    public RequestAnswer ListCertificates(MessageMap map)
    {
        long after = map.TryGet("after", out MessageValue value) ? value.AsInteger() : 0;
        int limit = (int)Math.Clamp(map.Required("limit").AsInteger(), 1, MaxCertificatesPerPage);
        IReadOnlyList<(long Number, byte[] Encoded, bool IsRevoked)> page = Issuer.ListCertificates(after, limit);
        (MessageMap results, byte[] payload) = MessageBatch.Join(page.Select(one => one.Encoded));
        results.Add("revoked", MessageValue.From([.. page.Select(one => (MessageValue)one.IsRevoked)]));
        if (page.Count == limit)
        {
            results.Add("next", page[^1].Number);
        }

        return new RequestAnswer(results, bytes: payload);
    }

    /// <summary>Revokes the certificates of a member.</summary>
    public async ValueTask<RequestAnswer> RevokeAsync(MessageMap map, RemoteIdentity caller)
    {
        byte[] serial = Bounded(map.Required("serial"), 1, MaxSerialBytes, "serial");
        string list = await Issuer.RevokeAsync(Convert.ToHexString(serial), caller).ConfigureAwait(false);
        await revoked(caller.Name).ConfigureAwait(false);
        return new RequestAnswer(MessageMap.Empty, bytes: Encoding.ASCII.GetBytes(list));
    }

    /// <summary>The revocation list that is in force here.</summary>
    public RequestAnswer GetRevocations() => new(MessageMap.Empty, bytes: Encoding.ASCII.GetBytes(Revocations.Read()));

    /// <summary>Puts a newer revocation list into force.</summary>
    public async ValueTask<RequestAnswer> PutRevocationsAsync(
        ReadOnlyMemory<byte> list, RemoteIdentity caller, CancellationToken cancellationToken)
    {
        RevocationFile revocations = Revocations;
        if (await revocations.ReplaceAsync(list, cancellationToken).ConfigureAwait(false))
        {
            await revoked(caller.Name).ConfigureAwait(false);
        }

        return new RequestAnswer(new MessageMap { { "number", revocations.Number } });
    }

    /// <summary>The statement of the issuer's address that is in force here.</summary>
    public RequestAnswer GetIssuer() => new(MessageMap.Empty, bytes: Statement.ReadSigned() ?? throw new DfssException(
        DfssErrorCode.InvalidArgument, "This peer does not know yet where the cluster's issuer is."));

    /// <summary>Takes a newer statement of the issuer's address over.</summary>
    public async ValueTask<RequestAnswer> PutIssuerAsync(
        ReadOnlyMemory<byte> statement, RemoteIdentity caller, CancellationToken cancellationToken)
    {
        IssuerFile known = Statement;
        if (await known.ReplaceAsync(statement, cancellationToken).ConfigureAwait(false))
        {
            await moved(caller.Name).ConfigureAwait(false);
        }

        return new RequestAnswer(new MessageMap { { "number", known.Current.Number } });
    }

    private IssuerFile Statement => kept()?.Issuer ?? throw new DfssException(
        DfssErrorCode.InvalidArgument, "This peer keeps no address of a cluster's issuer.",
        "Start it as a peer that has joined the cluster.");

    private RevocationFile Revocations => kept()?.Kept ?? throw new DfssException(
        DfssErrorCode.InvalidArgument, "This peer keeps no revocation list of a cluster.",
        "Give it the list when it is started: -RevocationList.");
}
