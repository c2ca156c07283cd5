using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Dfss;

/// <summary>
/// The address of a peer: <c>host</c>, <c>host:port</c>, <c>1.2.3.4:port</c> or <c>[v6%zone]:port</c>. The default port
/// is <see cref="DfssLimits.DefaultPort"/>.
/// </summary>
public sealed record PeerAddress
{
    private const int MaxPortDigits = 5;

    /// <summary>Makes an address.</summary>
    /// <exception cref="ArgumentException">
    /// The host is neither a host name nor an IP address, or the port is not 1-65535.
    /// </exception>
    public PeerAddress(string host, int port = DfssLimits.DefaultPort)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        if (!IsHost(host))
        {
            throw new ArgumentException("This is neither a host name nor an IP address.", nameof(host));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        Host = host;
        Port = port;
    }

    /// <summary>A host name or an IP address, without brackets.</summary>
    public string Host { get; }

    /// <summary>The TCP port.</summary>
    public int Port { get; }

    /// <summary>
    /// Whether the host is the loopback interface, so that the address is of no use to clients on other machines.
    /// </summary>
    public bool IsLoopback => string.Equals(Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(Host, out System.Net.IPAddress? parsed)
            && System.Net.IPAddress.IsLoopback(parsed));

    /// <summary>Parses an address.</summary>
    /// <exception cref="FormatException">The text is not an address; the message has examples.</exception>
    public static PeerAddress Parse(string text) => TryParse(text, out PeerAddress? address)
        ? address
        : throw new FormatException(
            $"'{text}' is not a peer's address. Write host:port, for example localhost:9000 or [::1]:9000.");

    /// <summary>Parses an address. A host of digits only is refused: it is a port without its host.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out PeerAddress? address)
    {
        address = null;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        ReadOnlySpan<char> host;
        if (rest.Length > 0 && rest[0] == '[')
        {
            int end = rest.IndexOf(']');
            if (end < 0 || !System.Net.IPAddress.TryParse(rest[1..end], out _))
            {
                return false;
            }

            host = rest[1..end];
            rest = rest[(end + 1)..];
        }
        else if (rest.Count(':') > 1)
        {
            // An IPv6 address without brackets: a port could not be told from its last group, so it has none.
            if (!System.Net.IPAddress.TryParse(rest, out _))
            {
                return false;
            }

            host = rest;
            rest = [];
        }
        else
        {
            int colon = rest.IndexOf(':');
            host = colon < 0 ? rest : rest[..colon];
            rest = colon < 0 ? [] : rest[colon..];
        }

        int port = DfssLimits.DefaultPort;
        if (!IsHost(host) || IsNumber(host) || (rest.Length > 0 && (rest[0] != ':' || rest.Length > MaxPortDigits + 1
            || !int.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            || port is < 1 or > ushort.MaxValue)))
        {
            return false;
        }

        address = new PeerAddress(host.ToString(), port);
        return true;
    }

    /// <summary>
    /// Whether this is an IP address or a possible host name: letters and digits of any script, '-', '_' and '.', no
    /// longer than a name in DNS, brackets included. No other text goes to a resolver, which reports some of it with
    /// unrelated exceptions.
    /// </summary>
    private static bool IsHost(ReadOnlySpan<char> host)
    {
        int maxBytes = DfssLimits.MaxHostBytes - (host.Contains(':') ? "[]".Length : 0);
        if (host.IsEmpty || host.Length > maxBytes || Encoding.UTF8.GetByteCount(host) > maxBytes)
        {
            return false;
        }

        if (System.Net.IPAddress.TryParse(host, out _))
        {
            return true;
        }

        foreach (Rune rune in host.EnumerateRunes())
        {
            if (!Rune.IsLetterOrDigit(rune) && rune.Value is not ('-' or '_' or '.') && Rune.GetUnicodeCategory(rune)
                is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Whether these are digits only: a port without its host, which the system would take for an IPv4 address.
    /// </summary>
    private static bool IsNumber(ReadOnlySpan<char> host) => !host.ContainsAnyExceptInRange('0', '9');

    /// <summary>The address as text that <see cref="Parse"/> accepts.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
