using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>The defaults that the pages of the help state are those of the code.</summary>
public sealed partial class HelpDefaultTests
{
    [Theory]
    [MemberData(nameof(CmdletContractTests.Cmdlets), MemberType = typeof(CmdletContractTests))]
    public void A_default_in_a_page_is_the_one_of_the_code(Type cmdlet)
    {
        object instance = Activator.CreateInstance(cmdlet)!;
        string page = File.ReadAllText(PageOf(cmdlet));
        foreach (PropertyInfo property in cmdlet.GetProperties().Where(
            property => property.GetCustomAttributes<ParameterAttribute>().Any(given => !given.DontShow)))
        {
            object? value = property.GetValue(instance)
                ?? property.GetCustomAttribute<PSDefaultValueAttribute>()?.Value;
            if (value is int or long or TimeSpan)
            {
                string section = Regex.Match(
                    page, $@"### -{property.Name}\n(?<text>.*?)\n##", RegexOptions.Singleline).Groups["text"].Value;
                string stated = Default().Match(section.ReplaceLineEndings(" ")).Groups["value"].Value;
                Assert.True(
                    stated.Length > 0 && Equals(Parse(stated, value.GetType()), value),
                    $"-{property.Name} of {Path.GetFileName(PageOf(cmdlet))}: '{stated}', and the code has {value}.");
            }
        }
    }

    /// <summary>The order in which peers are found, in the page of each command that takes -Peer.</summary>
    [Theory]
    [MemberData(nameof(CmdletContractTests.Cmdlets), MemberType = typeof(CmdletContractTests))]
    public void A_page_says_where_the_peers_come_from(Type cmdlet)
    {
        if (cmdlet.GetProperty("Peer") is not null && cmdlet != typeof(Commands.StopDfssPeerCommand))
        {
            Assert.Matches(
                @"`\$env:DFSS_PEER`[^.]*joined cluster[^.]*this\s+session",
                File.ReadAllText(PageOf(cmdlet)).ReplaceLineEndings(" "));
        }
    }

    private static string PageOf(Type cmdlet)
    {
        CmdletAttribute name = cmdlet.GetCustomAttribute<CmdletAttribute>()!;
        return Path.Combine(
            ErrorRecordsTests.FindSources(), "..", "..", "docs", "cmdlets", $"{name.VerbName}-{name.NounName}.md");
    }

    private static object Parse(string text, Type type)
    {
        if (type == typeof(TimeSpan))
        {
            return TimeSpan.FromHours(int.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture));
        }

        long factor = text.EndsWith("MB", StringComparison.Ordinal) ? 1 << 20 : 1;
        long number =
            factor * long.Parse(text.Replace("MB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        return Convert.ChangeType(number, type, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"Default: `?(?<value>\d+(MB| hours)?)")]
    private static partial Regex Default();
}
