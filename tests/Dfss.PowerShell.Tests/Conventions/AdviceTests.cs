using System.Management.Automation;
using System.Text.RegularExpressions;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>What messages tell the user to run exists: cmdlets, and their parameters.</summary>
public sealed partial class AdviceTests
{
    /// <summary>Parameters of PowerShell's own cmdlets, and what looks like a parameter and is none.</summary>
    private static readonly string[] Foreign =
        ["AsSecureString", "File", "Recurse", "Root", "Command", "NoProfile", "NonInteractive", "ConfigurationName"];

    private static readonly Dictionary<string, HashSet<string>> Cmdlets = CmdletContractTests.Cmdlets
        .Select(row => row.Data).ToDictionary(NameOf, ParametersOf);

    public static TheoryData<string> Literals =>
        [.. Sources().SelectMany(file => Literal().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups["text"].Value)
            .Where(text => Switch().IsMatch(text) || Command().IsMatch(text)).Distinct()];

    [Theory]
    [MemberData(nameof(Literals))]
    public void Every_cmdlet_and_parameter_that_a_text_names_exists(string text)
    {
        Assert.All(Command().Matches(text), match => Assert.Contains(match.Groups["cmdlet"].Value, Cmdlets.Keys));
        Assert.All(Switch().Matches(text), match => Assert.True(
            Foreign.Contains(match.Groups["name"].Value)
                || Cmdlets.Values.Any(known => known.Contains(match.Groups["name"].Value)),
            $"No cmdlet has a parameter {match.Value}."));
    }

    [Theory]
    [MemberData(nameof(Literals))]
    public void The_parameters_that_follow_a_cmdlet_are_its_own(string text)
    {
        foreach (Match command in Command().Matches(text))
        {
            Assert.All(
                Switch().Matches(command.Groups["arguments"].Value),
                match => Assert.Contains(match.Groups["name"].Value, Cmdlets[command.Groups["cmdlet"].Value]));
        }
    }

    [Fact]
    public void The_advice_for_a_code_that_every_command_may_give_names_no_parameter_that_only_some_have() =>
        Assert.All(
            ErrorRecords.Table.Values,
            entry => Assert.DoesNotContain("-Force", entry.Action, StringComparison.Ordinal));

    private static string[] Sources() =>
        [.. new[] { "Dfss.Core", "Dfss.Feedback", "Dfss.PowerShell" }.SelectMany(project => Directory.GetFiles(
            Path.Combine(ErrorRecordsTests.FindSources(), "..", project), "*.cs", SearchOption.AllDirectories))
            .Where(
                path => !path.Contains(
                    $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))];

    private static string NameOf(Type cmdlet)
    {
        var name = (CmdletAttribute)Attribute.GetCustomAttribute(cmdlet, typeof(CmdletAttribute))!;
        return $"{name.VerbName}-{name.NounName}";
    }

    private static HashSet<string> ParametersOf(Type cmdlet) =>
    [
        .. Cmdlet.CommonParameters, "WhatIf", "Confirm",
        .. cmdlet.GetProperties().Where(property => property.IsDefined(typeof(ParameterAttribute), inherit: true))
            .Select(property => property.Name),
    ];

    [GeneratedRegex("""(?<!["\\'])"(?<text>(?:[^"\\\n]|\\.)*)"(?:)""")]
    private static partial Regex Literal();

    [GeneratedRegex("""(?<=^|[\s(/'])-(?<name>[A-Z][A-Za-z]+)\b""")]
    private static partial Regex Switch();

    [GeneratedRegex(
        """\b(?<cmdlet>[A-Z][a-z]+-Dfss[A-Za-z]+)"""
            + """(?<arguments>(?: (?:-[A-Z][A-Za-z]+(?: [A-Z][a-z]+(?= -))?|[A-Z]{4,}|\{[\w.]+\}))*)""")]
    private static partial Regex Command();
}
