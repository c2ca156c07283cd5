using System.Text;
using System.Text.Json;

namespace Dfss.Commands;

/// <summary>
/// The one line that a detached peer's process writes for the one that started it: the addresses that it listens on, or
/// the reason why it does not.
/// </summary>
/// <param name="Prefix">Always <see cref="Mark"/>: distinguishes the line from other output of a host.</param>
/// <param name="ProcessId">The id of the process.</param>
/// <param name="Port">The port it listens on.</param>
/// <param name="Addresses">Its addresses, as host:port.</param>
/// <param name="StoreId">The id of its store.</param>
/// <param name="Error">What failed; None when it listens.</param>
/// <param name="Message">What failed and where.</param>
/// <param name="Advice">The advice of the error, if it has its own.</param>
/// <param name="Identity">The name in its certificate; null if it has none.</param>
/// <param name="StoreNotices">What the user must know of how its store was opened; null where there is none.</param>
internal sealed record PeerAnnouncement(
    string Prefix, int ProcessId, int Port, string[] Addresses, string StoreId, DfssErrorCode Error, string? Message,
    string? Advice, string? Identity = null, IReadOnlyList<string>? StoreNotices = null)
{
    /// <summary>The mark of the line.</summary>
    internal const string Mark = "dfss-peer";

    /// <summary>A line that comes before it, as often as the start of a peer has got on.</summary>
    internal const string ProgressLine = "{\"Prefix\":\"dfss-peer-progress\"}";

    /// <summary>The line.</summary>
    internal string ToLine() => JsonSerializer.Serialize(this);

    /// <summary>Reads up to the line; null if the output ends before.</summary>
    /// <param name="output">The output of the peer's process.</param>
    /// <param name="others">Takes the other lines.</param>
    /// <param name="progressed">Called at each <see cref="ProgressLine"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<PeerAnnouncement?> ReadAsync(
        TextReader output, StringBuilder others, Action progressed, CancellationToken cancellationToken)
    {
        while (await output.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (TryRead(line) is { } announcement)
            {
                return announcement;
            }

            if (line == ProgressLine)
            {
                progressed();
            }
            else
            {
                others.AppendLine(line);
            }
        }

        return null;
    }

    /// <summary>Reads a line; null if it is other output.</summary>
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
