using System.Management.Automation;
using System.Reflection;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>
/// What holds for every cmdlet, found by reflection: one that is written tomorrow is judged by it too.
/// </summary>
public sealed partial class CmdletContractTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static;

    /// <summary>Verbs of cmdlets that change nothing but what they return.</summary>
    private static readonly string[] ReadingVerbs =
        ["Compare", "Find", "Get", "Measure", "Open", "Resolve", "Search", "Select", "Test", "Wait", "Watch"];

    /// <summary>Verbs that destroy something that cannot be had again.</summary>
    private static readonly string[] DestroyingVerbs = ["Clear", "Optimize", "Remove", "Reset", "Uninstall", "Revoke"];

    /// <summary>Names that users do not expect, and the ones that PowerShell's own cmdlets have for the same.</summary>
    private static readonly Dictionary<string, string> Synonyms = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Overwrite"] = "Force",
        ["Parallel"] = "ThrottleLimit",
        ["Concurrency"] = "ThrottleLimit",
        ["MaxThreads"] = "ThrottleLimit",
        ["FilePath"] = "Path",
        ["File"] = "Path",
        ["FileName"] = "Name",
        ["OutFile"] = "Destination",
        ["Output"] = "Destination",
        ["OutputPath"] = "Destination",
        ["Target"] = "Destination",
        ["Recursive"] = "Recurse",
        ["Retries"] = "Retry",
        ["RetryCount"] = "Retry",
        ["TimeoutSec"] = "Timeout",
        ["Credentials"] = "Credential",
        ["Return"] = "PassThru",
        ["Peers"] = "Peer",
    };

    public static TheoryData<Type> Cmdlets => [.. typeof(DfssCmdlet).Assembly.GetTypes()
        .Where(type => type.IsDefined(typeof(CmdletAttribute), inherit: false))];

    [Fact]
    public void There_are_cmdlets_to_judge() => Assert.True(Cmdlets.Count >= 7);

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void A_default_that_help_shows_is_one_that_the_parameter_takes(Type cmdlet)
    {
        object instance = Activator.CreateInstance(cmdlet)!;
        foreach (PropertyInfo property in cmdlet.GetProperties().Where(
            property => property.IsDefined(typeof(ParameterAttribute))))
        {
            object? shown = property.GetValue(instance)
                ?? property.GetCustomAttribute<PSDefaultValueAttribute>()?.Value;
            if (shown is IConvertible
                && property.GetCustomAttribute<ValidateRangeAttribute>() is { MinRange: IComparable least })
            {
                Assert.True(
                    least.CompareTo(Convert.ChangeType(shown, least.GetType(), null)) <= 0,
                    $"-{property.Name} shows {shown}.");
            }
        }
    }

    [Fact]
    public void Help_shows_2_replicas_where_the_code_sends_2() => Assert.All(
        new[] { "Replicas", "MinimumReplicas" },
        name => Assert.Equal(
            2, typeof(SendDfssFileCommand).GetProperty(name)!.GetCustomAttribute<PSDefaultValueAttribute>()?.Value));

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void The_verb_is_approved(Type cmdlet)
    {
        string[] approved = [.. typeof(VerbsCommon).Assembly.GetExportedTypes()
            .Where(type => type.Namespace == typeof(VerbsCommon).Namespace
                && type.Name.StartsWith("Verbs", StringComparison.Ordinal))
            .SelectMany(type => type.GetFields(Declared)).Select(field => (string)field.GetRawConstantValue()!)];
        Assert.Contains(Name(cmdlet).VerbName, approved);
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void The_noun_is_singular_and_has_the_prefix(Type cmdlet)
    {
        Assert.Matches("^Dfss([A-Z][a-z]+)+$", Name(cmdlet).NounName);
        Assert.DoesNotMatch("[^s]s$", Name(cmdlet).NounName);
        Assert.Equal($"{Name(cmdlet).VerbName}{Name(cmdlet).NounName}Command", cmdlet.Name);
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void What_comes_out_is_declared(Type cmdlet) =>
        Assert.NotEmpty(cmdlet.GetCustomAttributes<OutputTypeAttribute>().SelectMany(attribute => attribute.Type));

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void What_changes_state_asks_first_and_what_does_not_has_no_WhatIf(Type cmdlet) =>
        Assert.Equal(!ReadingVerbs.Contains(Name(cmdlet).VerbName), Name(cmdlet).SupportsShouldProcess);

    /// <summary>But for a test cluster, which is made to be thrown away, and is where no user can answer.</summary>
    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void The_impact_is_high_where_something_is_destroyed_and_only_there(Type cmdlet) => Assert.Equal(
        DestroyingVerbs.Contains(Name(cmdlet).VerbName) && cmdlet != typeof(RemoveDfssTestClusterCommand),
        Name(cmdlet).ConfirmImpact == ConfirmImpact.High);

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void No_common_parameter_is_declared_again(Type cmdlet) => Assert.Empty(
        Parameters(cmdlet).SelectMany(NamesOf).Intersect(
            [.. Cmdlet.CommonParameters, .. Cmdlet.OptionalCommonParameters], StringComparer.OrdinalIgnoreCase));

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Parameters_have_the_names_that_PowerShell_uses(Type cmdlet) => Assert.All(
        Parameters(cmdlet), parameter =>
        {
            Assert.Matches("^[A-Z][A-Za-z0-9]*$", parameter.Name);

            // A number of peers is not called as the peers are.
            Assert.False(
                Synonyms.TryGetValue(parameter.Name, out string? standard) && parameter.PropertyType != typeof(int),
                $"-{parameter.Name} is called -{standard} elsewhere.");
        });

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void A_path_comes_with_a_literal_path(Type cmdlet) => AssertPair(cmdlet, "Path", ["LP", "PSPath"]);

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void A_name_with_wildcards_comes_with_a_literal_name(Type cmdlet)
    {
        // A cluster's name has no character that a pattern could mean otherwise.
        if (cmdlet != typeof(GetDfssClusterCommand) && cmdlet != typeof(RemoveDfssClusterCommand)
            && Find(cmdlet, "Name") is { } name
            && name.PropertyType == typeof(string[]))
        {
            AssertPair(cmdlet, "Name", []);
        }
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Only_what_is_named_without_Literal_takes_wildcards(Type cmdlet) => Assert.All(
        Parameters(cmdlet), parameter => Assert.False(
            parameter.IsDefined(typeof(SupportsWildcardsAttribute))
                && parameter.Name.StartsWith("Literal", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Each_set_has_at_most_one_parameter_for_an_object_from_the_pipeline(Type cmdlet)
    {
        string[] sets = [.. Parameters(cmdlet).SelectMany(Attributes).Select(item => item.ParameterSetName).Distinct()];
        Assert.All(sets, set => Assert.True(Parameters(cmdlet).SelectMany(Attributes)
            .Count(item => item.ValueFromPipeline && item.ParameterSetName == set) <= 1));
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Positions_start_at_0_and_leave_no_gap(Type cmdlet)
    {
        int[] positions = [.. Parameters(cmdlet).SelectMany(Attributes).Select(item => item.Position)
            .Where(position => position >= 0).Distinct().Order()];
        Assert.Equal(Enumerable.Range(0, positions.Length), positions);
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Values_are_typed(Type cmdlet) => Assert.All(Parameters(cmdlet), parameter =>
    {
        Type type = parameter.PropertyType.GetElementType() ?? parameter.PropertyType;
        Assert.True(type != typeof(bool) && type != typeof(bool?), $"-{parameter.Name}: a switch, not a bool.");
        if (HasEnding(parameter, "Timeout", "Interval", "Duration", "Delay", "Period", "Age"))
        {
            Assert.Equal(typeof(TimeSpan), Nullable.GetUnderlyingType(type) ?? type);
        }

        if (HasEnding(parameter, "Size", "Limit", "Bytes", "Count", "Replicas"))
        {
            Assert.True((Nullable.GetUnderlyingType(type) ?? type) is { } number
                && (number == typeof(int) || number == typeof(long)),
                    $"-{parameter.Name}: a number of bytes or things.");
        }

        Assert.False(HasEnding(parameter, "Password", "Secret", "Passphrase") && type == typeof(string),
            $"-{parameter.Name}: a SecureString or PSCredential.");
    });

    /// <summary>Remoting turns any other object into a bag of properties.</summary>
    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Parameters_have_types_that_survive_remoting_or_are_objects_of_the_pipeline(Type cmdlet)
    {
        Type[] plain =
        [
            typeof(string), typeof(int), typeof(long), typeof(SwitchParameter), typeof(TimeSpan), typeof(DateTime),
            typeof(Uri), typeof(Guid), typeof(PSCredential), typeof(System.Security.SecureString),
            typeof(System.Security.Cryptography.X509Certificates.X509Certificate2),

            // Made of a string, or of a certificate that came over remoting.
            typeof(DfssCertificateSource),

            // Made of a string or a SecureString.
            typeof(DfssEncryptionKeySource),

            // Made of a PSCredential, or of the name of a secret.
            typeof(DfssCredentialSource),

            // Made of a string or a number.
            typeof(System.Text.Encoding),

            // Belongs to this process, as with Copy-Item and Invoke-Command.
            typeof(System.Management.Automation.Runspaces.PSSession),
        ];

        // Content is any object, or a stream of this process.
        string[] objects = ["InputObject", "Value", "InputStream"];
        Assert.All(Parameters(cmdlet).Where(parameter => !objects.Contains(parameter.Name)), parameter =>
        {
            Type type = parameter.PropertyType.GetElementType() ?? parameter.PropertyType;
            type = Nullable.GetUnderlyingType(type) ?? type;
            Assert.True(plain.Contains(type) || type.IsEnum, $"-{parameter.Name} is a {type}.");
        });
    }

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Users_may_give_several_of_what_they_name(Type cmdlet) => Assert.All(
        Parameters(cmdlet).Where(parameter =>
            parameter.Name is "Path" or "LiteralPath" or "LiteralName" or "InputObject" or "Id" or "Peer"),
        parameter => Assert.True(parameter.PropertyType.IsArray, $"-{parameter.Name} takes one only."));

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void Nothing_can_stop_the_bridge_from_serving(Type cmdlet) =>
        Assert.True(cmdlet.IsSubclassOf(typeof(DfssCmdlet)) && cmdlet.IsSealed);

    [Theory]
    [MemberData(nameof(Cmdlets))]
    public void What_comes_out_is_a_snapshot(Type cmdlet) => Assert.All(
        cmdlet.GetCustomAttributes<OutputTypeAttribute>().SelectMany(attribute => attribute.Type)
            .Select(type => type.Type!).Where(type => type.Assembly == typeof(DfssCmdlet).Assembly),
        type => Assert.All(type.GetProperties(), property =>
        {
            Assert.True(property.SetMethod is null or { IsPublic: false }, $"{type.Name}.{property.Name} can be set.");
            Assert.False(property.PropertyType.IsArray, $"{type.Name}.{property.Name}: its elements can be set.");
        }));

    [Fact]
    public void What_all_runspaces_share_does_not_change_but_for_the_list_of_peers()
    {
        string[] changing = [.. typeof(DfssCmdlet).Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("Dfss", StringComparison.Ordinal) == true
                && !type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), inherit: false)
                && !type.Name.StartsWith('<'))
            .SelectMany(type => type.GetFields(Declared).Where(field => !field.IsInitOnly && !field.IsLiteral))
            .Select(field => $"{field.DeclaringType!.Name}.{field.Name}").Order(StringComparer.Ordinal)];

        // All are changed under a lock or by an interlocked operation; two only number what is shown, one
        // counts the changes after which a drive asks again.
        Assert.Equal(
            ["DriveStore.changes", "ModuleLifetime.isWatchingExit", "ProgressReporter.commands", "SessionPeers.lastId",
                "ShownProgress.lastSource"], changing);
    }
}
