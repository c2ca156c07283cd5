using System.Management.Automation;
using System.Reflection;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <content>Cmdlets and parameters as reflection shows them.</content>
public sealed partial class CmdletContractTests
{
    private static void AssertPair(Type cmdlet, string name, string[] aliases)
    {
        PropertyInfo? first = Find(cmdlet, name);
        PropertyInfo? literal = Find(cmdlet, $"Literal{name}");
        Assert.Equal(first is null, literal is null);
        if (first is null || literal is null)
        {
            return;
        }

        Assert.True(first.IsDefined(typeof(SupportsWildcardsAttribute)));
        Assert.Equal(typeof(string[]), first.PropertyType);
        Assert.Equal(typeof(string[]), literal.PropertyType);
        Assert.Equal(
            aliases, literal.GetCustomAttributes<AliasAttribute>().SelectMany(item => item.AliasNames).Order());
        Assert.Contains(Attributes(first), item => item.ValueFromPipeline && item.ValueFromPipelineByPropertyName);
        Assert.All(Attributes(first), item =>
        {
            Assert.Equal(item.ValueFromPipeline, item.ValueFromPipelineByPropertyName);
            Assert.Equal(0, item.Position);
        });
        Assert.All(Attributes(literal), item =>
        {
            Assert.True(item.ValueFromPipelineByPropertyName);
            Assert.False(item.ValueFromPipeline);
            Assert.True(item.Position < 0);
        });
        Assert.Empty(Attributes(first).Select(item => item.ParameterSetName)
            .Intersect(Attributes(literal).Select(item => item.ParameterSetName)));
    }

    private static CmdletAttribute Name(Type cmdlet) => cmdlet.GetCustomAttribute<CmdletAttribute>()!;

    private static PropertyInfo? Find(Type cmdlet, string name) =>
        Parameters(cmdlet).FirstOrDefault(parameter => parameter.Name == name);

    private static IEnumerable<PropertyInfo> Parameters(Type cmdlet) =>
        cmdlet.GetProperties().Where(property => property.IsDefined(typeof(ParameterAttribute)));

    private static IEnumerable<ParameterAttribute> Attributes(PropertyInfo parameter) =>
        parameter.GetCustomAttributes<ParameterAttribute>();

    private static IEnumerable<string> NamesOf(PropertyInfo parameter) =>
        [parameter.Name, .. parameter.GetCustomAttributes<AliasAttribute>().SelectMany(item => item.AliasNames)];

    private static bool HasEnding(PropertyInfo parameter, params string[] endings) =>
        endings.Any(ending => parameter.Name.EndsWith(ending, StringComparison.Ordinal));
}
