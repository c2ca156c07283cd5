using Dfss.Protocol;

namespace Dfss.Commands;

/// <summary>Names and messages of the other side of a session, which are untrusted.</summary>
internal static class RemoteText
{
    private const int MaxCharacters = 4096;

    /// <summary>The text for a message, without control characters.</summary>
    internal static string Show(string? text) => PrintableText.From(text ?? string.Empty, MaxCharacters);

    /// <summary>A message for a message: the engine's have several lines.</summary>
    internal static string ShowMessage(string? message) =>
        PrintableText.FromMessage(message ?? string.Empty, MaxCharacters);
}
