using Dfss.Protocol;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>The notices to the client about the connection, and the lines of the log about the client.</content>
internal sealed partial class PeerSession
{
    /// <summary>The longest line of the log; not all that a client may put into a name.</summary>
    private const int MaxLogCharacters = 1000;

    /// <summary>The longest line about a fault, with its stack.</summary>
    private const int MaxFaultCharacters = 4000;

    private async Task TryNotifyAsync(DfssException reason, CancellationToken cancellationToken)
    {
        // Its turn may be long in coming: behind an answer of 16 MiB to a client that reads slowly.
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            closed.Token, cancellationToken);
        try
        {
            Message notice = ErrorAnswer.Create(id: null, reason);
            if (reason.Code == DfssErrorCode.PeerBusy)
            {
                await channel.WriteAsync(notice, payload: null, either.Token).ConfigureAwait(false);
            }
            else
            {
                await channel.WriteLastAsync(notice, either.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is DfssException or OperationCanceledException)
        {
            Log($"its notice could not be delivered: {error.Message}");
        }
    }

    private static string Operation(ReceivedMessage request) =>
        PrintableText.From(request.Message.Operation!, maxCharacters: 40);

    // One line for each: text of a client must not look like a line of the peer.
    private void Log(string text, int maxCharacters = MaxLogCharacters) => log.Write(Line(text, maxCharacters));

    /// <summary>Why the connection ends. Refused connections are not all logged.</summary>
    private void LogEnd(DfssException error) => LogFailure(error.Message);

    private void LogFailure(string text)
    {
        if (welcome is null or { Client.IsUnauthenticated: true })
        {
            log.WriteRefusal(address, Line(text, MaxLogCharacters));
        }
        else
        {
            Log(text);
        }
    }

    private string Line(string text, int maxCharacters) =>
        $"{channel.RemoteAddress}: {PrintableText.From(text, maxCharacters)}";
}
