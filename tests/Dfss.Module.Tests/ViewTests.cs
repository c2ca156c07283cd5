using System.Management.Automation;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// Dfss.Format.ps1xml and Dfss.Types.ps1xml fit the types. PowerShell says nothing of a property that does not exist:
/// its column is empty. How the views look in each width is for the Pester suite, which has Format-Table and the
/// others.
/// </summary>
[Collection(ModuleSession.OneProcess)]
public sealed partial class ViewTests : IDisposable
{
    private static readonly XDocument Format = XDocument.Load(Path.Combine(ModuleSession.Folder, "Dfss.Format.ps1xml"));
    private static readonly XDocument Types = XDocument.Load(Path.Combine(ModuleSession.Folder, "Dfss.Types.ps1xml"));

    private readonly ModuleSession session = new();

    public void Dispose() => session.Dispose();

    [Fact]
    public void Every_type_of_output_has_a_table_a_list_a_wide_view_and_an_entry_among_the_types()
    {
        Type[] types = OutputTypes();
        Assert.True(types.Length >= 4, "The types of output were not found.");
        Assert.All(types, type => Assert.Equal(
            ["ListControl", "TableControl", "WideControl"],
            Format.Descendants("View").Where(view => TypesOf(view).Contains(type.FullName))
                .SelectMany(view => view.Elements()).Select(element => element.Name.LocalName)
                .Where(name => name.EndsWith("Control", StringComparison.Ordinal)).Order(StringComparer.Ordinal)));
        Assert.Equal(
            types.Select(type => type.FullName).Order(StringComparer.Ordinal),
            Types.Descendants("Type").Select(type => type.Element("Name")!.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_property_that_a_view_names_exists()
    {
        var named =
            from view in Format.Descendants("View")
            from property in view.Descendants("PropertyName").Select(element => element.Value)
                .Concat(view.Descendants("ScriptBlock").SelectMany(element =>
                    ItemProperty().Matches(element.Value).Select(match => match.Groups["name"].Value)))
            select (Types: TypesOf(view), Property: property);

        Assert.All(named, use => Assert.True(
            use.Types.Any(type => Members(type).Contains(use.Property)),
            $"A view of {string.Join(", ", use.Types)} names {use.Property}."));
    }

    [Fact]
    public void Every_property_that_the_types_name_exists()
    {
        var named =
            from type in Types.Descendants("Type")
            from property in type.Descendants("ReferencedMemberName")
                .Concat(type.Descendants("ReferencedProperties").Elements("Name"))
            select (Type: type.Element("Name")!.Value, Property: property.Value);

        Assert.All(named, use => Assert.True(
            Members(use.Type).Contains(use.Property), $"The types file names {use.Property} of {use.Type}."));
    }

    [Fact]
    public void A_table_has_a_header_for_each_column_and_leaves_room_for_what_is_last_in_80_characters()
    {
        XElement[] tables = [.. Format.Descendants("TableControl")];
        Assert.All(tables, table => Assert.Equal(
            table.Descendants("TableColumnHeader").Count(), table.Descendants("TableColumnItem").Count()));

        // 24 for a name; a path wraps anyhow, and 12 are its shortest useful line.
        Assert.All(tables, table => Assert.InRange(
            80 - table.Descendants("Width").Sum(width => 1 + (int)width),
            table.Descendants("Label").Last().Value == "Name" ? 24 : 12,
            80));
        Assert.All(tables, table => Assert.Single(table.Descendants("Wrap")));
    }

    [Fact]
    public void Sizes_are_to_the_right_and_come_from_one_place()
    {
        XElement[] headers = [.. Format.Descendants("TableColumnHeader")];
        Assert.All(
            headers.Where(header => header.Element("Label")!.Value is "Size" or "Stored" or "Local" or "Different"
                or "Chunks" or "Peers" or "Copies" or "Version" or "Offset" or "Length" or "Id"),
            header => Assert.Equal("Right", header.Element("Alignment")?.Value));
        Assert.All(Format.Descendants("ScriptBlock").Where(block => block.Value.Contains("KB", StringComparison.Ordinal)
            || block.Value.Contains(" -f ", StringComparison.Ordinal)), block => Assert.Fail(block.Value));
    }

    [Fact]
    public async Task A_table_is_shown_as_it_is_meant_also_by_the_bare_engine()
    {
        string[] lines = await ShellAsync(
            """
            $peer = Start-DfssPeer -InMemory -Port 0
            $path = [System.IO.Path]::GetTempFileName()
            [System.IO.File]::WriteAllBytes($path, [byte[]]::new(1536))
            Send-DfssFile -LiteralPath $path -Name a/b.bin -Peer $peer
            [System.IO.File]::Delete($path)
            """);

        Assert.Matches(@"^Version LastWriteTime +Size +Chunks Copies Name$", lines[0]);
        Assert.Matches(@"^ +1 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d +1\.5 KB +1 +1/1 a/b\.bin$", lines[2]);
    }

    [Fact]
    public void Other_cmdlets_find_the_names_that_they_look_for()
    {
        PSObject file = session.Run(
            """
            $peer = Start-DfssPeer -InMemory -Port 0
            $path = [System.IO.Path]::GetTempFileName()
            try {
                $null = Send-DfssFile -LiteralPath $path -Name a -Peer $peer
                Compare-DfssFile -LiteralPath $path -Name a -Peer $peer
            }
            finally {
                [System.IO.File]::Delete($path)
            }
            """)[0];

        Assert.Equal(file.Properties["LocalPath"].Value, file.Properties["FullName"].Value);
        Assert.Equal(file.Properties["LocalLength"].Value, file.Properties["Length"].Value);
        Assert.EndsWith(
            (string)file.Properties["LocalPath"].Value, (string)file.Properties["PSPath"].Value,
            StringComparison.Ordinal);
        PSMemberSet standard = Assert.IsType<PSMemberSet>(file.Members["PSStandardMembers"]);
        Assert.Equal(
            ["Name", "LocalPath"],
            Assert.IsType<PSPropertySet>(standard.Members["DefaultKeyPropertySet"]).ReferencedPropertyNames);
    }

    private static async Task<string[]> ShellAsync(string script)
    {
        System.Diagnostics.ProcessStartInfo start = new("dotnet", [ModuleSession.ShellPath, "-Command", script])
        {
            RedirectStandardOutput = true,
        };
        using var process = System.Diagnostics.Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return [.. output.Split(Environment.NewLine).Select(line => Escape().Replace(line, string.Empty).TrimEnd())
            .SkipWhile(line => line.Length == 0)];
    }

    /// <summary>Files and folders of a drive share a table.</summary>
    private static string[] TypesOf(XElement view) =>
        [.. view.Descendants("TypeName").Select(element => element.Value)];

    private static Assembly Cmdlets => AssemblyLoadContext.All.Single(context => context.Name == "Dfss").Assemblies
        .Single(assembly => assembly.GetName().Name == "Dfss.PowerShell");

    /// <summary>What cmdlets say they give, and what those objects hold.</summary>
    private static Type[] OutputTypes()
    {
        IEnumerable<Type> given = Cmdlets.GetExportedTypes()
            .SelectMany(type => type.GetCustomAttributes<OutputTypeAttribute>()).SelectMany(output => output.Type)
            .Select(output => output.Type).Where(type => type.Assembly == Cmdlets);
        return [.. given.Concat(given.SelectMany(type => type.GetProperties())
            .SelectMany(property => property.PropertyType.GetGenericArguments())
            .Where(type => type.Assembly == Cmdlets && type.IsClass)).Distinct()];
    }

    private static HashSet<string> Members(string type) =>
    [
        .. Cmdlets.GetType(type, throwOnError: true)!.GetProperties().Select(property => property.Name),
        .. Types.Descendants("Type").Where(entry => entry.Element("Name")!.Value == type)
            .Descendants("AliasProperty").Select(alias => alias.Element("Name")!.Value),
    ];

    [GeneratedRegex(@"\$_\.(?<name>\w+)\b(?!\()")]
    private static partial Regex ItemProperty();

    [GeneratedRegex(@"\e\[[\d;]*m")]
    private static partial Regex Escape();
}
