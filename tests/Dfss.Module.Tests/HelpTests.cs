using System.Management.Automation;
using Xunit;

namespace Dfss.Tests;

/// <summary>Get-Help finds what the build made, and says what the cmdlets are.</summary>
[Collection(ModuleSession.OneProcess)]
public sealed class HelpTests(ModuleSession session) : IClassFixture<ModuleSession>
{
    public static TheoryData<string> Cmdlets =>
    [
        "Compare-DfssFile", "Copy-DfssFile", "Get-DfssContent", "Get-DfssFileInfo", "Get-DfssHealth",
        "Get-DfssPeer",
        "New-DfssTestCluster", "Open-DfssFile", "Optimize-DfssStore", "Receive-DfssFile", "Remove-DfssFile",
        "Remove-DfssTestCluster",
        "Rename-DfssFile", "Repair-DfssFile",
        "Restore-DfssFile", "Send-DfssFile", "Set-DfssContent", "Start-DfssPeer",
        "Stop-DfssPeer", "Test-DfssFile",
    ];

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void A_cmdlet_has_a_synopsis_a_description_and_three_examples(string cmdlet)
    {
        session.Run($"$help = Get-Help {cmdlet} -Full");

        // Without help of its own, the engine makes a synopsis of the syntax.
        string synopsis = Text("$help.Synopsis");
        Assert.NotEmpty(synopsis);
        Assert.DoesNotContain(cmdlet, synopsis, StringComparison.Ordinal);
        Assert.NotEmpty(Text("$help.description.Text -join ' '"));
        string[] examples = Texts("$help.examples.example.code");
        Assert.True(examples.Length >= 3, $"{cmdlet} has {examples.Length} examples.");
        Assert.All(examples, Assert.NotEmpty);
        Assert.Contains(
            "about_Dfss", Text("$help.relatedLinks.navigationLink.linkText -join ' '"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Every_parameter_that_a_user_sees_is_described(string cmdlet)
    {
        session.Run($"$common = [System.Management.Automation.Cmdlet]::CommonParameters");
        string[] parameters = Texts(
            $$"""
            (Get-Command {{cmdlet}}).Parameters.Values | Where-Object {
                $_.Name -notin $common -and -not $_.Attributes.Where({ $_ -is [Parameter] -and $_.DontShow })
            } | ForEach-Object Name
            """);
        Assert.NotEmpty(parameters);

        Assert.All(parameters, parameter =>
        {
            string described = Text($"(Get-Help {cmdlet} -Parameter {parameter}).description.Text -join ' '");
            Assert.True(described.Length > 10, $"{cmdlet} -{parameter}: '{described}'");
        });
        Assert.Equal(
            parameters.Order(StringComparer.Ordinal),
            Texts($"(Get-Help {cmdlet} -Parameter *).name").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Facts_come_from_the_code()
    {
        session.Run("$name = Get-Help Send-DfssFile -Parameter Name; $path = Get-Help Send-DfssFile -Parameter Path");
        Assert.Equal(
            "True (ByPropertyName) 1 false", Text("\"$($name.pipelineInput) $($name.position) $($name.globbing)\""));
        Assert.Equal("true 0 true String[]", Text(
            "\"$($path.required) $($path.position) $($path.globbing) $($path.type.name)\""));
        Assert.Equal("1048576", Text("(Get-Help Send-DfssFile -Parameter ChunkSize).defaultValue"));
        Assert.Equal("PSPath, LP", Text("(Get-Help Send-DfssFile -Parameter LiteralPath).aliases"));
        Assert.Equal("3", Text("\"$((Get-Help Send-DfssFile).syntax.syntaxItem.Count)\""));
        Assert.Equal("System.IO.FileInfo", Texts("(Get-Help Receive-DfssFile).returnValues.returnValue.type.name")[0]);
    }

    [Theory]
    [InlineData("about_Dfss")]
    [InlineData("about_Dfss_Drive")]
    [InlineData("about_Dfss_Troubleshooting")]
    public void A_topic_is_found_by_its_name_and_has_a_synopsis(string topic)
    {
        Assert.Contains(topic, Text($"(Get-Help {topic}) -as [string]"), StringComparison.Ordinal);
        string synopsis = Text($"(Get-Help about_Dfss* | Where-Object Name -eq {topic}).Synopsis");
        Assert.EndsWith(".", synopsis, StringComparison.Ordinal);
    }

    [Fact]
    public void The_provider_has_help()
    {
        session.Run("$help = Get-Help Dfss -Category Provider");
        Assert.Equal("Dfss", Text("$help.Name"));
        Assert.Equal("Stored files as a drive of PowerShell.", Text("$help.Synopsis"));
        Assert.Contains(
            "ListingIncomplete", Text("$help.DetailedDescription.Text -join ' '"), StringComparison.Ordinal);
        Assert.Equal("about_Dfss_Drive", Text("$help.RelatedLinks.navigationLink.linkText"));
    }

    [Theory]
    [InlineData("about_Dfss", "    Stop-DfssPeer             Stops peers in good order.")]
    [InlineData("about_Dfss_Troubleshooting", "    UnknownOperation - The peer does not know the operation.")]
    public void A_table_of_a_topic_has_a_name_and_its_meaning_in_one_line(string topic, string line) =>
        Assert.Contains(line, Text($"(Get-Help {topic}) -as [string]").ReplaceLineEndings("\n").Split('\n'));

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("de-DE")]
    [InlineData("")]
    public void Help_is_found_whatever_the_language(string culture) => Assert.StartsWith(
        "Sends files", Text($"[cultureinfo]::CurrentUICulture = '{culture}'; (Get-Help Send-DfssFile).Synopsis"),
        StringComparison.Ordinal);

    private string Text(string script) => Assert.Single(Texts(script));

    private string[] Texts(string script) =>
        [.. session.Run(script).Select(item => LanguagePrimitives.ConvertTo<string>(item))];
}
