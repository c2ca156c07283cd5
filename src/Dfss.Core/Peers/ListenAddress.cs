using System.Net;

namespace Dfss.Peers;

/// <summary>The rule for where a peer may listen while nothing is encrypted: on loopback, or where it was told to in so many words.</summary>
internal static class ListenAddress
{
    /// <exception cref="DfssException"><see cref="DfssErrorCode.InvalidArgument"/>: beyond loopback, and not allowed.</exception>
    public static void ThrowIfNotAllowed(PeerOptions options)
    {
        bool isLoopback = string.Equals(options.Address, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(options.Address, out IPAddress? address) && IPAddress.IsLoopback(address));
        if (!isLoopback && !options.AllowUnauthenticatedNetwork)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"A peer on '{options.Address}' could be reached from the network, and this version neither encrypts nor asks who is there: "
                + "everybody who reaches the port could read and replace every file.",
                "Listen on localhost, or, on a network that you trust altogether, allow it with -AllowUnauthenticatedNetwork.");
        }
    }
}
