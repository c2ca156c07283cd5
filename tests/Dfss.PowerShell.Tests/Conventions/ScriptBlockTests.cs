using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using Dfss.Tests.Clusters;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Conventions;

/// <summary>
/// A script block as an argument. PowerShell evaluates it once for each object of the pipeline, for parameters that
/// take pipeline input, and turns it to text for others: its text must never be a name or a path, and a value that is
/// made for an object must be that object's.
/// </summary>
[Collection(StateFolderTests.Name)]
public sealed class ScriptBlockTests : IDisposable
{
    private static readonly string[] StoredFileCmdlets =
    [
        "Receive-DfssFile", "Remove-DfssFile", "Rename-DfssFile", "Repair-DfssFile", "Test-DfssFile",
        "Copy-DfssFile", "Restore-DfssFile", "Add-DfssFileRecipient", "Remove-DfssFileRecipient", "Get-DfssContent",
        "Open-DfssFile",
    ];

    private readonly ClusterUsers users = new();

    /// <summary>
    /// Each parameter that takes pipeline input, and a script that gives it a script block. For the objects 1 and 2 the
    /// evaluated values show in the errors, or in the results: none1 and none2.
    /// </summary>
    public static TheoryData<string, string, string> Evaluated
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            foreach (string cmdlet in new[] { "Send-DfssFile", "Compare-DfssFile" })
            {
                rows.Add(cmdlet, "Path", $"1, 2 | {cmdlet} -Path {{ \"none$_\" }} -Peer $peer");
                rows.Add(cmdlet, "LiteralPath", $"1, 2 | {cmdlet} -LiteralPath {{ \"none$_\" }} -Peer $peer");
                rows.Add(
                    cmdlet, "InputObject",
                    $"1, 2 | {cmdlet} -InputObject {{ [IO.FileInfo]\"$PWD/none$_\" }} -Peer $peer");
                rows.Add(
                    cmdlet, "Name",
                    "[IO.FileInfo]\"$PWD/1\", [IO.FileInfo]\"$PWD/2\" "
                        + $"| {cmdlet} -Name {{ \"../none$($_.Name)\" }} -Peer $peer");
            }

            foreach (string cmdlet in StoredFileCmdlets)
            {
                string rest = $"{Rest(cmdlet)} -Peer $peer";
                rows.Add(cmdlet, "Name", $"1, 2 | {cmdlet} -Name {{ \"none$_\" }} {rest}");
                rows.Add(cmdlet, "LiteralName", $"1, 2 | {cmdlet} -LiteralName {{ \"none$_\" }} {rest}");
                string shown = cmdlet == "Test-DfssFile" ? "-Detailed | ForEach-Object { $_.Name }" : string.Empty;
                rows.Add(cmdlet, "InputObject", $"1, 2 | {cmdlet} -InputObject {{ $gone[$_ - 1] }} {rest} {shown}");
                rows.Add(
                    cmdlet, "StoredName",
                    $"'x', 'y' | {cmdlet} -StoredName {{ $_ -replace 'x', 'none1.x' -replace 'y', 'none2.y' }} {rest}");
                rows.Add(cmdlet, "OfVersion", $"'none1', 'none2' | {cmdlet} -OfVersion {{ $_.Length }} {rest}");
            }

            rows.Add("Get-DfssFileInfo", "Name", "1, 2 | Get-DfssFileInfo -Name { \"none$_\" } -Peer $peer");
            rows.Add(
                "Get-DfssFileInfo", "LiteralName", "1, 2 | Get-DfssFileInfo -LiteralName { \"none$_\" } -Peer $peer");
            rows.Add(
                "Get-DfssFileInfo", "StoredName",
                "'x', 'y' | Get-DfssFileInfo -StoredName { $_ -replace 'x', 'none1' -replace 'y', 'none2' "
                    + "} -Peer $peer");
            rows.Add(
                "Get-DfssFileInfo", "OfVersion",
                "'none1', 'none2' | Get-DfssFileInfo -OfVersion { $_.Length } -Peer $peer");
            rows.Add(
                "Get-DfssFileInfo", "Peer",
                "1, 2 | Get-DfssFileInfo -LiteralName none1, none2 -Peer { $peer.Endpoint }");
            rows.Add(
                "Remove-DfssCluster", "Name", "1, 2 | Remove-DfssCluster -Name { \"none$_\" } -Confirm:$false");
            rows.Add(
                "Receive-DfssFile", "Destination",
                "'1', '2' | Receive-DfssFile -Destination { \"1/none$_/\" } -Peer $peer");
            rows.Add("Rename-DfssFile", "NewName", "'1', '2' | Rename-DfssFile -NewName { \"../none$_\" } -Peer $peer");
            rows.Add("Copy-DfssFile", "NewName", "'1', '2' | Copy-DfssFile -NewName { \"../none$_\" } -Peer $peer");
            foreach (string cmdlet in new[]
                { "Resume-DfssTransfer", "Set-DfssTransfer", "Stop-DfssTransfer", "Suspend-DfssTransfer" })
            {
                string rest = cmdlet == "Set-DfssTransfer" ? "-BandwidthLimit 1MB" : string.Empty;
                rows.Add(cmdlet, "InputObject", $"1, 2 | {cmdlet} -InputObject {{ $ended[$_ - 1] }} {rest}");
            }

            rows.Add(
                "Remove-DfssTestCluster", "InputObject",
                "1, 2 | Remove-DfssTestCluster -InputObject { $clusters[$_ - 1] } -PassThru");
            rows.Add("Stop-DfssPeer", "InputObject", "1, 2 | Stop-DfssPeer -InputObject { $stopped[$_ - 1] }");
            rows.Add("Get-DfssCertificate", "Name", "1, 2 | Get-DfssCertificate -Name { \"none$_\" }");
            rows.Add("Get-DfssCertificate", "LiteralName", "1, 2 | Get-DfssCertificate -LiteralName { \"none$_\" }");
            rows.Add(
                "Revoke-DfssCertificate", "Name",
                "1, 2 | Revoke-DfssCertificate -Name { \"none$_\" } -Confirm:$false -PassThru");
            rows.Add(
                "Revoke-DfssCertificate", "LiteralName",
                "1, 2 | Revoke-DfssCertificate -LiteralName { \"none$_\" } -Confirm:$false -PassThru");
            rows.Add(
                "Revoke-DfssCertificate", "InputObject",
                "1, 2 | Revoke-DfssCertificate -InputObject { $certificates[$_ - 1] } -Confirm:$false -PassThru");
            return rows;
        }
    }

    public void Dispose() => users.Dispose();

    /// <summary>
    /// To a parameter that takes any object PowerShell gives the block itself, which is refused. Copy-DfssItem is tried
    /// elsewhere, as it needs a session to another process.
    /// </summary>
    [Fact]
    public void Each_parameter_that_takes_pipeline_input_is_tried() => Assert.Equal(
        CmdletContractTests.Cmdlets.Where(row => NameOf(row.Data) != "Copy-DfssItem")
            .SelectMany(row => Parameters(row.Data).Where(TakesPipelineInput)
                .Where(parameter => parameter.PropertyType != typeof(object))
                .Select(parameter => $"{NameOf(row.Data)} -{parameter.Name}")).Order(StringComparer.Ordinal),
        Evaluated.Select(row => $"{row.Data.Item1} -{row.Data.Item2}").Order(StringComparer.Ordinal));

    [Fact]
    public void A_script_block_is_evaluated_for_each_object_of_the_pipeline()
    {
        users.MakeCluster();
        foreach (string member in new[] { "none1", "none2" })
        {
            string invitation = users.Invite($"-Role Reader -Name {member}");
            users.Be($"user of {member}");
            users.Session.Run("$null = Join-DfssCluster $invitation", ("invitation", invitation)).ThrowIfFailed();
        }

        users.Be("boss");
        users.Session.Run(
            """
            $certificates = 1, 2 | Get-DfssCertificate -Name { "none$_" }
            $peer = Start-DfssPeer -InMemory -Port 0
            $key = New-DfssEncryptionKey
            foreach ($name in '1', '2', 'none1', 'none2') { [IO.File]::WriteAllText("$PWD/$name", $name) }
            $null = Send-DfssFile 1, 2 -Peer $peer
            $gone = Send-DfssFile none1, none2 -Peer $peer -EncryptionKey $key
            $gone | Remove-DfssFile -Confirm:$false
            [IO.File]::Delete("$PWD/none1"); [IO.File]::Delete("$PWD/none2")
            $stopped = foreach ($number in 1, 2) { Start-DfssPeer -InMemory -Port 0 }
            $stopped | Stop-DfssPeer
            $clusters = foreach ($number in 1, 2) { New-DfssTestCluster -Peers 1 }
            """).ThrowIfFailed();
        DfssTransfer[] ended = [Ended(987651), Ended(987652)];
        Assert.All(Evaluated, row =>
        {
            (string cmdlet, _, string script) = row.Data;
            Result result = users.Session.Run(script, ("ended", ended));
            string[] shown = [.. result.Errors.Select(error => error.ToString()),
                .. result.Output.Select(item => $"{item}").Distinct()];
            string[] values = cmdlet == "Stop-DfssPeer"
                ? [.. users.Session.Run("$stopped").As<DfssPeerInfo>().Select(peer => peer.Endpoint)]
                : cmdlet == "Remove-DfssTestCluster"
                ? [.. users.Session.Run("$clusters").Output.Select(cluster => $"{cluster}")]
                : cmdlet.EndsWith("-DfssTransfer", StringComparison.Ordinal) ? ["987651", "987652"]
                : ["none1", "none2"];
            Assert.True(
                values.Length == shown.Length && result.Ending is null,
                $"{script}: {result.Ending} {string.Join("; ", shown)}");
            Assert.All(values.Zip(shown), pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
        });
        Assert.Equal(
            ["1", "2"], users.Session.Run("Get-DfssFileInfo -Peer $peer").As<DfssFileInfo>().Select(file => file.Name));
    }

    private static DfssTransfer Ended(int id) =>
        new(new TransferStatus(id, new TransferDescription(), TransferState.Interrupted));

    /// <summary>What overwrote a local file: the script block was taken for no destination at all.</summary>
    [Fact]
    public void A_destination_that_is_made_for_each_object_is_where_its_file_goes()
    {
        users.Session.Run(
            """
            $peer = Start-DfssPeer -InMemory -Port 0
            foreach ($name in 'a', 'b') { [IO.File]::WriteAllText("$PWD/$name", "sent $name") }
            $null = Send-DfssFile a, b -Peer $peer
            foreach ($name in 'a', 'b') { [IO.File]::WriteAllText("$PWD/$name", 'mine') }
            $null = [IO.Directory]::CreateDirectory("$PWD/safe")
            Get-DfssFileInfo * -Peer $peer | Receive-DfssFile -Destination { "./safe/$($_.Name)" } -Force
            """).ThrowIfFailed();
        Assert.All(new[] { "a", "b" }, name =>
        {
            Assert.Equal("mine", File.ReadAllText(Path.Combine(users.Path, name)));
            Assert.Equal($"sent {name}", File.ReadAllText(Path.Combine(users.Path, "safe", name)));
        });
    }

    [Theory]
    [MemberData(nameof(CmdletContractTests.Cmdlets), MemberType = typeof(CmdletContractTests))]
    public void The_text_of_a_script_block_is_no_value(Type cmdlet)
    {
        ScriptBlock block = ScriptBlock.Create("'x'");
        // One that takes any object refuses it when it comes: PowerShell passes over an object that it cannot bind.
        Assert.All(Parameters(cmdlet).Where(parameter => parameter.PropertyType != typeof(object)), parameter =>
        {
            Assert.Throws<ParameterRefusal>(() => Bind(parameter, block));
            Assert.Throws<ParameterRefusal>(() => Bind(parameter, PSObject.AsPSObject(block)));
            Assert.Throws<ParameterRefusal>(() => Bind(parameter, new object[] { block }));
            Assert.Throws<ParameterRefusal>(
                () => Bind(parameter, new List<object> { "text", PSObject.AsPSObject(block) }));
        });
    }

    [Theory]
    [InlineData("1 | Send-DfssFile -Path { '1' } -RelativeTo { '.' } -Peer localhost:1")]
    [InlineData("[pscustomobject]@{ Name = 'a'; Destination = { 'b' } } | Receive-DfssFile -Peer localhost:1")]
    [InlineData("Receive-DfssFile a -DecryptionCertificate { 'a.pem' } -Peer localhost:1")]
    [InlineData("Get-DfssFileInfo -Peer { 'localhost:1' }")]
    [InlineData("Receive-DfssFile a -Destination { 'b' } -Peer localhost:1")]
    public void A_script_block_that_cannot_be_evaluated_is_an_error(string script)
    {
        Result result = users.Session.Run(script);
        ErrorRecord error = result.Ending is RuntimeException ending
            ? ending.ErrorRecord
            : Assert.Single(result.Errors);
        Assert.Contains("script block", error.Exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    private static string Rest(string cmdlet) => cmdlet switch
    {
        "Rename-DfssFile" => "-NewName { \"to$_\" }",
        "Copy-DfssFile" => "-NewName { \"../none$_\" }",

        // What it names is removed, and would be restored.
        "Restore-DfssFile" => "-Version 9",
        "Remove-DfssFile" => "-Confirm:$false",
        "Add-DfssFileRecipient" => "-RecipientKey $key -EncryptionKey $key",
        // Of a removed file the chunks are there for a day.
        "Get-DfssContent" or "Open-DfssFile" => "-Version 99",
        "Remove-DfssFileRecipient" => "-KeyId x -Confirm:$false",
        _ => string.Empty,
    };

    /// <summary>What the binder does with an argument that it doesn't keep for later.</summary>
    private static void Bind(PropertyInfo parameter, object value)
    {
        try
        {
            object given = parameter.GetCustomAttributes<ArgumentTransformationAttribute>()
                .Aggregate(value, (made, attribute) => attribute.Transform(null!, made));
            LanguagePrimitives.ConvertTo(given, parameter.PropertyType, CultureInfo.InvariantCulture);
        }
        catch (Exception exception)
            when (exception is ArgumentTransformationMetadataException or PSInvalidCastException)
        {
            throw new ParameterRefusal($"-{parameter.Name}", exception);
        }
    }

    private static bool TakesPipelineInput(PropertyInfo parameter) =>
        parameter.GetCustomAttributes<ParameterAttribute>()
            .Any(item => item.ValueFromPipeline || item.ValueFromPipelineByPropertyName);

    private static IEnumerable<PropertyInfo> Parameters(Type cmdlet) =>
        cmdlet.GetProperties().Where(property => property.IsDefined(typeof(ParameterAttribute)));

    private static string NameOf(Type cmdlet) =>
        cmdlet.GetCustomAttribute<CmdletAttribute>() is { } name ? $"{name.VerbName}-{name.NounName}" : string.Empty;

    private sealed class ParameterRefusal(string message, Exception inner) : Exception(message, inner);
}
