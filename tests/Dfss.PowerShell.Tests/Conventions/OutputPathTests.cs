using System.Management.Automation;
using System.Reflection;
using System.Runtime.CompilerServices;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>
/// What a command of the file system takes from an object of DFSS: a local path that the object names, or an error. It
/// never takes the name of a stored file, a member or a cluster for a local path.
/// </summary>
public sealed class OutputPathTests : IDisposable
{
    /// <summary>Parameters of the file cmdlets that take paths by property, and their aliases.</summary>
    private static readonly string[] PathNames = ["Path", "LiteralPath", "PSPath", "LP", "FilePath", "FullName"];

    /// <summary>Properties that are local paths.</summary>
    private static readonly string[] LocalPaths =
        ["DfssClusterInfo.Path", "DfssEncryptionKey.Path", "DfssFileComparison.PSPath"];

    /// <summary>
    /// Types whose text is a host and a port, which is no path; types that have a local path, which binds before their
    /// text; and DfssFileInfo, which only a command can make.
    /// </summary>
    private static readonly Type[] SeenOtherwise =
    [
        typeof(DfssPeerInfo), typeof(DfssStoreOptimization), typeof(DfssFileComparison),
        typeof(DfssFileInfo), typeof(DfssEncryptionKey), typeof(DfssTestCluster), typeof(DfssTestPeer),
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();

    public OutputPathTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        File.WriteAllText(Path.Combine(folder, "x"), "local");
    }

    public static TheoryData<Type> Outputs => [.. typeof(DfssCmdlet).Assembly.GetTypes()
        .SelectMany(type => type.GetCustomAttributes<OutputTypeAttribute>()).SelectMany(attribute => attribute.Type)
        .Select(type => type.Type!).Where(type => type.Assembly == typeof(DfssCmdlet).Assembly).Distinct()];

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Outputs))]
    public void No_property_binds_to_a_path_unless_it_is_a_local_path(Type output) => Assert.Empty(
        output.GetProperties().Where(property => PathNames.Contains(property.Name, StringComparer.OrdinalIgnoreCase))
            .Select(property => $"{output.Name}.{property.Name}").Except(LocalPaths));

    [Theory]
    [MemberData(nameof(Outputs))]
    public void The_text_of_an_object_is_no_local_path(Type output)
    {
        if (!SeenOtherwise.Contains(output))
        {
            Assert.StartsWith(
                "DfssName::", RuntimeHelpers.GetUninitializedObject(output).ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Send-DfssFile x -Peer $peer")]
    [InlineData("$null = Send-DfssFile x -Peer $peer; Get-DfssFileInfo x -Peer $peer")]
    [InlineData("$null = Send-DfssFile x -Peer $peer; Get-DfssFileInfo x -Chunk -Peer $peer")]
    [InlineData("$null = Send-DfssFile x -Peer $peer; Test-DfssFile x -Detailed -Peer $peer")]
    [InlineData("$null = Send-DfssFile x -Peer $peer; Repair-DfssFile x -Peer $peer")]
    [InlineData("Get-DfssPeer -Peer $peer")]
    public void A_command_that_takes_paths_fails_for_an_object_and_takes_no_local_file(string script)
    {
        // The parameters of Remove-Item.
        Result result = session.Run(
            $$"""
            function Take {
                param(
                    [Parameter(ValueFromPipeline, ValueFromPipelineByPropertyName, ParameterSetName = 'Path')]
                    [string[]] $Path,
                    [Parameter(ValueFromPipelineByPropertyName, ParameterSetName = 'LiteralPath')]
                    [Alias('PSPath', 'LP')] [string[]] $LiteralPath)
                process {
                    foreach ($one in @($Path) + @($LiteralPath)) {
                        if ($one) {
                            $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($one)
                        }
                    }
                }
            }
            $objects = @({{script}})
            foreach ($object in $objects) { try { $object | Take } catch { $_.FullyQualifiedErrorId } }
            """);
        Assert.NotEmpty(result.As<string>());
        Assert.All(result.As<string>(), taken => Assert.Contains(
            taken, (string[])["ProviderNotFoundException,Take", "DriveNotFoundException,Take"]));
    }

    [Fact]
    public void What_was_sent_names_its_local_file()
    {
        Assert.Equal(
            [Path.Combine(folder, "x")],
            session.Run("Send-DfssFile x -Name y -Peer $peer").As<DfssFileInfo>().Select(file => file.SourcePath));
        Assert.Null(session.Run("Get-DfssFileInfo y -Peer $peer").As<DfssFileInfo>()[0].SourcePath);
    }

    [Theory]
    [InlineData("Get-DfssFileInfo -LiteralName $file -Peer $peer")]
    [InlineData("Compare-DfssFile x $file -Peer $peer")]
    public void An_object_where_a_name_is_expected_gives_its_name(string script)
    {
        session.Run("$file = Send-DfssFile x -Name y -Peer $peer").ThrowIfFailed();
        Assert.Equal("y", session.Run(script).ThrowIfFailed().Output[0].Properties["Name"].Value);
    }
}
