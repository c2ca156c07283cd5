using System.Management.Automation;
using Dfss.Peers;
using Dfss.Testing;
using Dfss.Tests.Clusters;
using Xunit;

namespace Dfss.Tests.Hostile;

/// <summary>
/// Every cmdlet that speaks with peers, among peers that forge their answers. Each command ends in time, with objects
/// or with errors of DFSS; memory stays bounded. <c>DFSS_FORGED</c> says how many runs, <c>DFSS_SEED</c> which.
/// </summary>
[Collection(StateFolderTests.Name)]
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
        "Copy-DfssFile \"$names/renamed\" \"$names/copy\" -Peer $peers -Confirm:$false",
        "Get-DfssFileInfo * -Removed -Peer $peers",
        "Restore-DfssFile * -Peer $peers -Confirm:$false",
        "Optimize-DfssStore -Peer $peers[0] -Confirm:$false",
        "Remove-DfssFile \"$names/plain\" -Peer $peers -Confirm:$false",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_command_among_forged_answers_ends_in_time_with_objects_or_errors_of_DFSS()
    {
        (int seed, int runs) = ForgedCommands.Take(output, usual: 5);
        using TemporaryFolder folder = new();
        folder.CreateFile("source", 300_000, seed: 1);
        using Session session = new();
        session.Runspace.SessionStateProxy.Path.SetLocation(WildcardPattern.Escape(folder.Path));
        session.Run("$key = New-DfssEncryptionKey; $other = New-DfssEncryptionKey").ThrowIfFailed();
        SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        long before = ForgedCommands.LiveBytes;
        long grown = 0;
        for (int run = 0; run < runs; run++)
        {
            await RunAsync(session, seed + (run * 10), run, outcomes);
            grown = ForgedCommands.AssertBounded(before, $"run {run} of seed {seed}");
        }

        output.WriteLine($"{grown} bytes more are alive than before.");
        ForgedCommands.Write(outcomes, output);
    }

    /// <summary>
    /// All commands, one after the other, among peers of their own: what a lie did to one says nothing of the next run.
    /// </summary>
    private static async Task RunAsync(Session session, int seed, int run, SortedDictionary<string, int> outcomes)
    {
        PeerOptions options = new() { Port = 0, AllowUnauthenticatedNetwork = true };
        await using DfssPeer first = await DfssPeer.StartAsync(options, Token);
        await using DfssPeer second = await DfssPeer.StartAsync(options, Token);
        PeerAddress[] honest = [new("127.0.0.1", first.Port), new("127.0.0.1", second.Port)];
        await using ForgingPeer one = new(honest[0], seed);
        await using ForgingPeer other = new(honest[1], seed + 1);
        session.Run(
            """
            $null = Send-DfssFile source -Name "$names/plain" -Peer $honest
            $null = Send-DfssFile source -Name "$names/other" -Peer $honest
            $null = Send-DfssFile source -Name "$names/secret" -Peer $honest -EncryptionKey $key
            """,
            ("names", $"run{run}"),
            ("honest", honest.Select(address => address.ToString()).ToArray()),
            ("peers", new[] { one.Address.ToString(), other.Address.ToString() })).ThrowIfFailed();
        foreach (string command in Commands)
        {
            await ForgedCommands.RunAsync(session, command, $"seed {seed}, run {run}", outcomes);
        }
    }
}
