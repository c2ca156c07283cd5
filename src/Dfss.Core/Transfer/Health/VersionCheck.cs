using static Dfss.Transfer.HealthStatus;

namespace Dfss.Transfer;

/// <summary>Whether all peers that answer run the same version.</summary>
internal static class VersionCheck
{
    /// <summary>One result if they do; else one for each peer whose version is not the newest.</summary>
    public static IReadOnlyList<HealthResult> Run(IReadOnlyList<PeerAnswer> answers)
    {
        PeerAnswer[] known = [.. answers.Where(answer => answer.Info is not null)];
        string[] versions =
        [
            .. known.Select(answer => answer.Info!.Software).Distinct()
                .OrderBy(VersionOf).ThenBy(software => software, StringComparer.Ordinal),
        ];
        return versions switch
        {
            [] => [new(HealthChecks.VersionMixed, Unknown, "No peer reports its version.")],
            [var only] => [new(HealthChecks.VersionMixed, Ok, $"All peers that answer run {only}.")],
            [.., var newest] =>
            [
                .. from answer in known
                   let software = answer.Info!.Software
                   where software != newest
                   select new HealthResult(
                       HealthChecks.VersionMixed, Warning,
                       $"It runs {software}, and another peer {newest}.")
                   {
                       Peer = answer.Peer,
                       Command = $"Update-PSResource Dfss; {RepairCommands.Restart(answer)}",
                   },
            ],
        };
    }

    /// <summary>The version in <c>dfss/1.2.3-beta</c>: 1.2.3; 0.0 for one that cannot be read.</summary>
    private static Version VersionOf(string software)
    {
        string text = software[(software.IndexOf('/', StringComparison.Ordinal) + 1)..].Split('-', '+')[0];
        return Version.TryParse(text, out Version? version) ? version : new Version();
    }
}
