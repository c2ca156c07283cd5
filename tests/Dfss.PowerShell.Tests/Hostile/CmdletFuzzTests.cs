using System.Management.Automation;
using Dfss.Peers;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Hostile;

/// <summary>
/// Every cmdlet that speaks with peers, among peers that forge their answers. Each command ends in time, with objects or
/// with errors of DFSS; memory stays bounded. <c>DFSS_FORGED</c> says how many runs, <c>DFSS_SEED</c> which.
/// </summary>
public sealed class CmdletFuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Commands =
    [
        "Get-DfssFileInfo -Peer $peers",
        "Get-DfssFileInfo \"$names/plain\" -Peer $peers -Detailed",
        "Get-DfssFileInfo \"$names/plain\" -Peer $peers -Chunk",
        "Get-DfssPeer -Peer $peers",
        "Receive-DfssFile \"$names/plain\" -Peer $peers -Destination back -Force",
        "Receive-DfssFile \"$names/secret\" -Peer $peers -EncryptionKey $key -Destination secret -Force",
        "Get-DfssFileInfo \"$names/*\" -Peer $peers | Receive-DfssFile -Destination ./all/ -EncryptionKey $key -Force",
        "Compare-DfssFile source \"$names/plain\" -Peer $peers",
        "Test-DfssFile \"$names/plain\" -Peer $peers -Deep -Detailed",
        "Send-DfssFile source -Name \"$names/plain\" -Peer $peers -Force",
        "Send-DfssFile source -Name \"$names/hidden\" -Peer $peers -EncryptionKey $key -HiddenName",
        "Add-DfssFileRecipient \"$names/secret\" -Peer $peers -EncryptionKey $key -RecipientKey $other",
        "Remove-DfssFileRecipient \"$names/secret\" -Peer $peers -KeyId $key.KeyId -Confirm:$false",
        "Repair-DfssFile \"$names/plain\" -Peer $peers -Deep",
        "Repair-DfssFile \"$names/plain\" -Peer $peers -Move $peers[0]",
        "Rename-DfssFile \"$names/other\" \"$names/renamed\" -Peer $peers -Confirm:$false",
        "Optimize-DfssStore -Peer $peers[0] -Confirm:$false",
        "Remove-DfssFile \"$names/plain\" -Peer $peers -Confirm:$false",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_command_among_forged_answers_ends_in_time_with_objects_or_errors_of_DFSS()
    {
        (int seed, int runs) = ForgedCommands.Take(output, usual: 20);
        using TemporaryFolder folder = new();
        folder.CreateFile("source", 300_000, seed: 1);
        using Session session = new();
        session.Runspace.SessionStateProxy.Path.SetLocation(WildcardPattern.Escape(folder.Path));
        List<DfssPeer> peers = [];
        SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        try
        {
            for (int i = 0; i < 2; i++)
            {
                peers.Add(await DfssPeer.StartAsync(
                    new PeerOptions { Port = 0, StorePath = folder[$"store{i}"], AllowUnauthenticatedNetwork = true }, Token));
            }

            session.Run(
                "$key = New-DfssEncryptionKey; $other = New-DfssEncryptionKey",
                ("honest", peers.Select(peer => $"127.0.0.1:{peer.Port}").ToArray())).ThrowIfFailed();
            long before = ForgedCommands.LiveBytes;
            long grown = 0;
            for (int run = 0; run < runs; run++)
            {
                await RunAsync(session, peers, seed + (run * 10), run, outcomes);
                grown = ForgedCommands.AssertBounded(before, $"run {run} of seed {seed}");
            }

            output.WriteLine($"{grown} bytes more are alive than before.");
        }
        finally
        {
            foreach (DfssPeer peer in peers)
            {
                await peer.DisposeAsync();
            }
        }

        ForgedCommands.Write(outcomes, output);
    }

    private static async Task RunAsync(
        Session session, List<DfssPeer> peers, int seed, int run, SortedDictionary<string, int> outcomes)
    {
        session.Run(
            """
            $null = Send-DfssFile source -Name "$names/plain" -Peer $honest
            $null = Send-DfssFile source -Name "$names/other" -Peer $honest
            $null = Send-DfssFile source -Name "$names/secret" -Peer $honest -EncryptionKey $key
            """,
            ("names", $"run{run}")).ThrowIfFailed();
        ForgingPeer[] forgers =
            [.. peers.Select((peer, i) => new ForgingPeer(new PeerAddress("127.0.0.1", peer.Port), seed + i))];
        try
        {
            session.Run("", ("peers", forgers.Select(one => one.Address.ToString()).ToArray())).ThrowIfFailed();
            foreach (string command in Commands)
            {
                await ForgedCommands.RunAsync(session, command, $"seed {seed}, run {run}", outcomes);
            }
        }
        finally
        {
            foreach (ForgingPeer forger in forgers)
            {
                await forger.DisposeAsync();
            }
        }
    }
}
