using System.Management.Automation;
using System.Reflection;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>
/// A base class has parameters that its cmdlets share; behaviour that they share is an object that they hold.
/// </summary>
public sealed class CmdletBaseTests
{
    private const int MaxBases = 3;

    [Fact]
    public void At_most_three_classes_are_between_PSCmdlet_and_a_cmdlet() => Assert.All(
        typeof(DfssCmdlet).Assembly.GetTypes().Where(type => type.IsDefined(typeof(CmdletAttribute), inherit: false)),
        cmdlet =>
        {
            List<string> bases = [];
            for (Type type = cmdlet.BaseType!; type != typeof(PSCmdlet); type = type.BaseType!)
            {
                bases.Add(type.Name);
            }

            Assert.True(bases.Count <= MaxBases, string.Join(" -> ", bases));
        });

    [Theory]
    [InlineData(typeof(ClientCmdlet), typeof(StartDfssPeerCommand))]
    [InlineData(typeof(LocalFileCmdlet), typeof(TestDfssFileCommand))]
    [InlineData(typeof(RemoveDfssFileCommand), typeof(RenameDfssFileCommand))]
    [InlineData(typeof(RemoveDfssFileCommand), typeof(AddDfssFileRecipientCommand))]
    [InlineData(typeof(RemoveDfssFileCommand), typeof(RemoveDfssFileRecipientCommand))]
    public void A_parameter_that_two_classes_declare_is_the_same_in_both(Type one, Type other)
    {
        string[] shared = one == typeof(LocalFileCmdlet) ? ["ThrottleLimit"]
            : one == typeof(RemoveDfssFileCommand) ? ["ThrottleLimit", "PassThru"]
            : ["Certificate", "CertificatePassword", "TrustedAuthority", "RevocationList", "AllowTls12", "Cluster"];
        Assert.All(shared, name => Assert.Equal(Describe(one.GetProperty(name)!), Describe(other.GetProperty(name)!)));
    }

    private static string Describe(PropertyInfo parameter) => $"{parameter.PropertyType} "
        + string.Join(
            ", ", parameter.CustomAttributes.Select(attribute => attribute.ToString()).Order(StringComparer.Ordinal));
}
