using System.Text.Json;

namespace Dfss.Commands;

/// <summary>
/// The one line that a detached peer's process writes for the one that started it: what it listens on, or why it does
/// not.
/// </summary>
/// <param name="Prefix">Always <see cref="Mark"/>: tells the line from whatever else a host may print.</param>
/// <param name="ProcessId">The id of the process.</param>
/// <param name="Port">The port it listens on.</param>
/// <param name="Addresses">Where it can be found, as host:port.</param>
/// <param name="StoreId">The id of its store.</param>
/// <param name="Error">What failed; None when it listens.</param>
/// <param name="Message">What failed and where.</param>
/// <param name="Advice">What to do, where the error says it itself.</param>
/// <param name="Identity">The name in the certificate that it shows; null where it has none.</param>
internal sealed record PeerAnnouncement(
    string Prefix, int ProcessId, int Port, string[] Addresses, string StoreId, DfssErrorCode Error, string? Message,
    string? Advice, string? Identity = null)
{
    /// <summary>What the line is known by.</summary>
    internal const string Mark = "dfss-peer";

    /// <summary>The line.</summary>
    internal string ToLine() => JsonSerializer.Serialize(this);

    /// <summary>Reads a line; null when it is something else.</summary>
    internal static PeerAnnouncement? TryRead(string line)
    {
        if (!line.StartsWith('{'))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<PeerAnnouncement>(line) is { Prefix: Mark } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
