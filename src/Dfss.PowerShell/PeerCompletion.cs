using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>Completes peers without a request, from this process's own data: the peers that it started, and those of
/// $env:DFSS_PEER. Nothing crosses the network while the user types.</summary>
internal sealed class PeerCompletion : IArgumentCompleter
{
    private static readonly string DefaultPeer = string.Create(
        CultureInfo.InvariantCulture, $"localhost:{DfssLimits.DefaultPort}");

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        (string Text, string Description)[] found = Match(Find(parameterName), word);
        if (parameterName == "Id" && !IsNamed(parameterName, commandAst))
        {
            // The first argument is an id or an address. The engine offers an empty line where this completer gives
            // nothing and that of -Peer is asked after it, so what was typed is given back.
            found = [.. found, .. Match(Find(nameof(ClientCmdlet.Peer)), word)];
            if (found.Length == 0)
            {
                found = [(word.Length > 0 ? word : DefaultPeer, "host:port")];
            }
        }

        return
        [
            .. found.Select(item => new CompletionResult(
                item.Text, item.Text, CompletionResultType.ParameterValue, item.Description)),
        ];
    }

    private static (string Text, string Description)[] Match(
        IEnumerable<(string Text, string Description)> items, string word) =>
    [
        .. items.Where(item => item.Text.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            .DistinctBy(item => item.Text, StringComparer.OrdinalIgnoreCase),
    ];

    private static bool IsNamed(string parameterName, CommandAst commandAst) => commandAst.CommandElements
        .OfType<CommandParameterAst>()
        .Any(given => parameterName.StartsWith(given.ParameterName, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<(string Text, string Description)> Find(string parameterName)
    {
        SessionPeer[] own = SessionPeers.List();
        return parameterName switch
        {
            "Id" => own.Select(peer => (peer.Id.ToString(CultureInfo.InvariantCulture), Describe(peer))),
            "Port" => own.Select(peer => (peer.Port.ToString(CultureInfo.InvariantCulture), Describe(peer))),
            _ => own.SelectMany(peer => peer.Addresses.Take(1).Select(address => (address, Describe(peer))))
                .Concat(PeerArgumentAttribute.Split(Environment.GetEnvironmentVariable(ClientCmdlet.PeerVariable))
                    .Select(address => (address, $"of $env:{ClientCmdlet.PeerVariable}"))),
        };
    }

    private static string Describe(SessionPeer peer) =>
        $"{(peer.Addresses.Count > 0 ? peer.Addresses[0] : peer.Port)}, {peer.StorePath ?? "in memory"}";
}
