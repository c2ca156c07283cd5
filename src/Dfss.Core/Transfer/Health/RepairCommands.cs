using System.Globalization;

namespace Dfss.Transfer;

/// <summary>The commands that repair what health checks find.</summary>
internal static class RepairCommands
{
    /// <summary>Restarts a peer, on its machine; the operator adds the parameters that it was started with.</summary>
    public static string Restart(PeerAnswer answer, string parameters = "") =>
        $"Stop-DfssPeer {answer.Peer}; {Start(answer.Peer, answer.Info, parameters)}";

    /// <summary>Starts a peer that is down, on its machine.</summary>
    public static string Start(PeerAddress peer, PeerInfo? info, string parameters = "")
    {
        string store = info switch
        {
            null => "PATH",
            { StorePath: null } => "-InMemory",
            { StorePath: { } path } when path.Contains("://", StringComparison.Ordinal) => $"-Store {Quote(path)}",
            { StorePath: { } path } => Quote(path),
        };
        return string.Create(
            CultureInfo.InvariantCulture, $"Start-DfssPeer {store} -Port {peer.Port} {parameters}").TrimEnd();
    }

    /// <summary>A text as PowerShell takes it literally.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
