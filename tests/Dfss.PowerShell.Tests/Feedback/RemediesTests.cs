using System.Management.Automation;
using System.Management.Automation.Language;
using Dfss.Commands;
using Dfss.Feedback;
using Xunit;

namespace Dfss.Tests.Feedback;

public sealed class RemediesTests
{
    public static TheoryData<string> Ids => [.. Remedies.Ids];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_remedy_is_for_an_error_that_the_module_has(string id) => Assert.True(
        ErrorRecords.OwnTable.ContainsKey(id) || (Enum.TryParse(id, out DfssErrorCode code)
            && ErrorRecords.Table.ContainsKey(code)));

    [Theory]
    [MemberData(nameof(Ids))]
    public void Every_suggestion_is_a_command_that_the_engine_can_parse(string id)
    {
        foreach (string command in Remedies.Find(new Failure(Make(id, "a 'name' [1]"), Command: null))?.Commands ?? [])
        {
            Parser.ParseInput(command, out _, out ParseError[] errors);
            Assert.Empty(errors);
        }
    }

    [Theory]
    [InlineData("ChunkCorrupt", "Test-DfssFile -LiteralName 'it''s'", "Repair-DfssFile -LiteralName 'it''s'")]
    [InlineData("CertificateExpired", "New-DfssInvitation NAME", "Join-DfssCluster INVITATION -Force")]
    [InlineData("PeerMissing", "Start-DfssPeer STOREPATH", "$env:DFSS_PEER = 'host:port'")]
    [InlineData("NoMajority", "Get-DfssPeer")]
    public void A_failure_has_its_commands(string id, params string[] commands) =>
        Assert.Equal(commands, Remedies.Find(new Failure(Make(id, "it's"), Command: null))!.Commands);

    [Theory]
    [InlineData("CommitUncertain")]
    [InlineData("FileExists")]
    [InlineData("StoreFull")]
    public void Without_the_line_there_is_no_suggestion_that_repeats_it(string id) =>
        Assert.Null(Remedies.Find(new Failure(Make(id, "x"), Command: null)));

    [Fact]
    public void An_error_of_another_module_has_no_remedy() => Assert.Null(Remedies.Find(new Failure(
        new ErrorRecord(new InvalidOperationException(), "PeerMissing,Other.Commands", default, null), Command: null)));

    private static ErrorRecord Make(string id, string target) => new(
        new InvalidOperationException("x"), $"{id},Dfss.Commands.SendDfssFileCommand", ErrorCategory.NotSpecified,
        target);
}
