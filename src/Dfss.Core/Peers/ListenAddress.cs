using System.Net;

namespace Dfss.Peers;

/// <summary>The rule for where a peer may listen: with certificates anywhere; else on loopback, or where explicitly
/// allowed.</summary>
internal static class ListenAddress
{
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: beyond loopback without
    /// certificates, and not allowed; or certificates without authentication.</exception>
    public static void ThrowIfNotAllowed(PeerOptions options)
    {
        if (options.Identity is not null || options.Issuer is not null)
        {
            if (options.AllowUnauthenticatedNetwork)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    "A peer with a certificate authenticates its clients, and -AllowUnauthenticatedNetwork "
                        + "turns that off.",
                    "Leave one of them out.");
            }

            return;
        }

        if (!IsLoopback(options.Address) && !options.AllowUnauthenticatedNetwork)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"A peer on '{options.Address}' could be reached from the network, and it has no certificate: it would "
                + "neither encrypt nor authenticate clients, and every machine that reaches the port could read and "
                + "replace every file.",
                "Give it a certificate (Join-DfssCluster, or -Certificate and -TrustedAuthority), or listen on "
                + "localhost; or, on a network that you trust fully, allow it with -AllowUnauthenticatedNetwork.");
        }
    }

    /// <summary>Whether only this machine's programs reach it.</summary>
    public static bool IsLoopback(string address) =>
        string.Equals(address, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(address, out IPAddress? parsed) && IPAddress.IsLoopback(parsed));
}
