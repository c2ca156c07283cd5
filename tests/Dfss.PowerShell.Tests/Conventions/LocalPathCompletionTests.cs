using System.Management.Automation;
using System.Reflection;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>
/// Local files are offered for paths alone: without a completer of its own, PowerShell offers them for every parameter.
/// </summary>
public sealed class LocalPathCompletionTests(LocalPathCompletionTests.Fixture fixture)
    : IClassFixture<LocalPathCompletionTests.Fixture>
{
    /// <summary>Parameters that name local files or folders, for which PowerShell offers those.</summary>
    private static readonly string[] LocalPaths =
    [
        "Path", "LiteralPath", "RelativeTo", "Destination", "StorePath", "Certificate", "TrustedAuthority",
        "EngineAuthority", "RevocationList", "RoleFile", "EncryptionKey", "Recipient", "RecipientKey",
        "DecryptionCertificate", "Include", "Exclude",
    ];

    /// <summary>Parameters that are no local paths, switches or enumerations.</summary>
    public static TheoryData<string, string> Plain => new(CmdletContractTests.Cmdlets.Select(row => row.Data)
        .SelectMany(cmdlet => cmdlet.GetProperties()
            .Where(property => property.IsDefined(typeof(ParameterAttribute))
                && property.PropertyType != typeof(SwitchParameter)
                && !(property.PropertyType.GetElementType() ?? property.PropertyType).IsEnum
                && !LocalPaths.Contains(property.Name))
            .Select(property => (NameOf(cmdlet), property.Name))));

    [Theory]
    [MemberData(nameof(Plain))]
    public void Local_files_are_offered_for_paths_alone(string cmdlet, string parameter)
    {
        Type type = CmdletContractTests.Cmdlets.Select(row => row.Data).First(one => NameOf(one) == cmdlet);
        Assert.NotNull(type.GetProperty(parameter)!.GetCustomAttribute<ArgumentCompleterAttribute>());
        Assert.Empty(fixture.Complete($"{cmdlet} -{parameter} zz"));
    }

    private static string NameOf(Type cmdlet)
    {
        var name = (CmdletAttribute)Attribute.GetCustomAttribute(cmdlet, typeof(CmdletAttribute))!;
        return $"{name.VerbName}-{name.NounName}";
    }

    /// <summary>One session for all parameters: it is only asked what it offers.</summary>
    public sealed class Fixture : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
        private readonly Session session = new();

        public Fixture()
        {
            session.Runspace.SessionStateProxy.Path.SetLocation(folder);
            File.WriteAllText(Path.Combine(folder, "zz-local.txt"), "local");
            session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        }

        public string[] Complete(string text) => session.Complete(text);

        public void Dispose()
        {
            session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
            session.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }
}
