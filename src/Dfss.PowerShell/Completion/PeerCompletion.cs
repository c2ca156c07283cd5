using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Dfss.Commands;

/// <summary>Completes peers without a request, from this process's own data: the peers that it started, and those of
/// $env:DFSS_PEER. Nothing crosses the network while the user types.</summary>
internal sealed class PeerCompletion : IArgumentCompleter
{
    /// <summary>Commands whose first argument is an id or an address.</summary>
    private static readonly string[] FirstArguments = ["Get-DfssPeer", "Stop-DfssPeer"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult>? CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        string word = wordToComplete.Trim('\'', '"');
        bool isPositional = parameterName != "Port" && !IsNamed(parameterName, commandAst)
            && FirstArguments.Contains(commandName, StringComparer.OrdinalIgnoreCase);
        if (isPositional && parameterName == "Id" && word.Length > 0)
        {
            // The engine asks the completer of -Peer too, and puts an empty result between the two.
            return null;
        }

        return
        [
            .. Match(isPositional ? [.. Find("Id"), .. Find("Peer")] : Find(parameterName), word)
                .Select(item => new CompletionResult(
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
                .Concat(PeerArgumentAttribute.Split(Environment.GetEnvironmentVariable(NamedPeers.Variable))
                    .Where(address => PeerAddress.TryParse(address, out _))
                    .Select(address => (address, $"of $env:{NamedPeers.Variable}"))),
        };
    }

    private static string Describe(SessionPeer peer) =>
        $"{(peer.Addresses.Count > 0 ? peer.Addresses[0] : peer.Port)}, {peer.StorePath ?? "in memory"}";
}
