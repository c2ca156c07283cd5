using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Security;

namespace Dfss.Commands;

/// <summary>The peers that a command or a drive asks.</summary>
/// <param name="choice">The cluster.</param>
/// <param name="identity">The identity to present; null for plaintext.</param>
/// <param name="findSession">Returns the session that the command runs in.</param>
/// <param name="tell">Receives the reason why a cluster's list of peers is not the newest.</param>
internal sealed class NamedPeers(
    ClusterChoice choice, TlsIdentity? identity, Func<Task<Runspace>> findSession, Action<string> tell)
{
    /// <summary>The environment variable with the peers' addresses where -Peer is not given.</summary>
    internal const string Variable = "DFSS_PEER";

    /// <summary>
    /// Those of -Peer, else of the environment, else of the cluster, else those that the session runs; empty for none.
    /// </summary>
    /// <param name="given">The value of -Peer; null where it is not given.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="CmdletException">PeerAddressInvalid.</exception>
    internal async Task<IReadOnlyList<PeerAddress>> FindAsync(string[]? given, CancellationToken cancellationToken)
    {
        string[] texts = given
            ?? (choice.IsExplicit ? [] : PeerArgumentAttribute.Split(Environment.GetEnvironmentVariable(Variable)));
        IReadOnlyList<PeerAddress> peers = texts.Length == 0 && given is null && choice.Membership is { } membership
            ? await ClusterIdentity.FindPeersAsync(
                membership, identity!, tell, cancellationToken).ConfigureAwait(false)
            : Parse(texts, given is null ? Variable : null);
        if (peers.Count == 0 && given is null && choice is not { IsExplicit: true, Membership: not null })
        {
            peers = Parse(SessionPeers.FindAddresses(await findSession().ConfigureAwait(false)));
        }

        return peers;
    }

    /// <summary>The error where there are none.</summary>
    internal static CmdletException Missing() => new(ErrorRecords.Create(
        "PeerMissing", ErrorCategory.InvalidArgument, target: null,
        "No peer is given: neither -Peer nor $env:DFSS_PEER is given, no cluster was joined that has peers, and this "
            + "session runs none.",
        "Give -Peer host:port, or set $env:DFSS_PEER = 'host:port,host:port'."));

    /// <summary>The peers of a parameter or an environment variable, each once.</summary>
    /// <param name="texts">The addresses.</param>
    /// <param name="variable">The environment variable that they are from; null where a parameter has them.</param>
    /// <exception cref="CmdletException">One is no address.</exception>
    internal static List<PeerAddress> Parse(string[] texts, string? variable = null)
    {
        var addresses = new List<PeerAddress>(texts.Length);
        foreach (string text in texts)
        {
            if (!PeerAddress.TryParse(text, out PeerAddress? address))
            {
                throw Invalid(text, variable);
            }

            if (!addresses.Contains(address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    }

    /// <summary>Whether an invalid address ends with a number, which is then out of range.</summary>
    private static bool HasPort(string text)
    {
        string[] parts = text.Split(':');
        return parts is [{ Length: > 0 } host, { Length: > 0 } port] && port.All(char.IsAsciiDigit)
            && PeerAddress.TryParse(host, out _);
    }

    private static CmdletException Invalid(string text, string? variable)
    {
        const int ShownCharacters = 80;
        string shown = text.Length <= ShownCharacters ? text : text[..ShownCharacters] + "...";
        string problem = text.Length > DfssLimits.MaxHostBytes
            ? FormattableString.Invariant(
                $"'{shown}' is not a peer's address: a host name has at most {DfssLimits.MaxHostBytes} bytes.")
            : PeerAddress.TryParse($"localhost:{text}", out PeerAddress? guess)
                ? $"'{text}' is a port without a host: did you mean {guess}?"
                : $"'{text}' is not a peer's address{(HasPort(text) ? ": a port is 1 to 65535" : string.Empty)}.";
        return new CmdletException(ErrorRecords.Create(
            "PeerAddressInvalid", ErrorCategory.InvalidArgument, text,
            variable is null ? problem : $"$env:{variable} names no peers: {problem}",
            variable is null
                ? "Write host:port, for example localhost:9000 or [::1]:9000."
                : $"Correct $env:{variable}: host:port, for example localhost:9000, several with commas between them; "
                    + "or give -Peer."));
    }
}
