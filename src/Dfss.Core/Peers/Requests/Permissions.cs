using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Peers;

/// <summary>Which role permits which operation.</summary>
internal static class Permissions
{
    /// <summary>The lowest role that may; null for an unknown operation, which no role may.</summary>
    public static DfssRole? LeastRole(string operation) => operation switch
    {
        Operations.Hello or Operations.Join => DfssRole.None,
        Operations.Ping or Operations.PeerInfo or Operations.GetChunk or Operations.GetChunks or Operations.GetFileInfo
            or Operations.Read or Operations.ListFiles or Operations.FindMissing or Operations.VerifyChunk
            or Operations.ListPeers or Operations.Renew or Operations.GetRevocations or Operations.PutRevocations
            or Operations.GetIssuer or Operations.PutIssuer => DfssRole.Reader,
        Operations.StoreChunk or Operations.StoreChunks or Operations.Flush or Operations.Prepare or Operations.Seal
            or Operations.Accept or Operations.Decide => DfssRole.Writer,
        Operations.Announce => DfssRole.Peer,
        Operations.ListSeals or Operations.Optimize or Operations.Invite or Operations.ListCertificates
            or Operations.Revoke => DfssRole.Admin,
        _ => null,
    };

    /// <exception cref="DfssException">NotPermitted; UnknownOperation.</exception>
    public static void ThrowIfNotPermitted(RemoteIdentity caller, string operation)
    {
        DfssRole least = LeastRole(operation) ?? throw new DfssException(
            DfssErrorCode.UnknownOperation, $"The operation '{operation}' is unknown.");
        if (caller.IsUnauthenticated && least > DfssRole.None)
        {
            throw new DfssException(
                DfssErrorCode.NotPermitted,
                $"Without a certificate a client may only join here; '{operation}' needs the role {Name(least)}.",
                "Join the cluster first: Join-DfssCluster, with an invitation of one of its administrators.");
        }

        if (caller.Role < least)
        {
            throw new DfssException(
                DfssErrorCode.NotPermitted,
                $"'{caller.Name}' has the role {Name(caller.Role)} here, and '{operation}' needs {Name(least)}.",
                "Ask the administrator of the peers for a certificate with that role.");
        }
    }

    private static string Name(DfssRole role) => CertificateProfile.NameOf(role);
}
