namespace Dfss.Shell.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dfss-shell-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("-Bogus")]
    [InlineData("-File")]
    [InlineData("-File", "no-such-script.ps1")]
    [InlineData("-Command")]
    public async Task A_command_line_that_makes_no_sense_ends_with_64_and_says_why(params string[] arguments)
    {
        ShellResult result = await ShellProcess.RunAsync(arguments);

        Assert.Equal(64, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(arguments[^1], result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_names_dfss_and_the_engine()
    {
        ShellResult result = await ShellProcess.RunAsync("-Version");

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^dfss \d+\.\d+\.\d+ \(PowerShell engine 7\.6\.\d+, \.NET 10\.", result.Output);
    }

    [Fact]
    public async Task The_engine_reports_no_use()
    {
        Dictionary<string, string> environment = new() { ["POWERSHELL_TELEMETRY_OPTOUT"] = string.Empty };

        ShellResult result = await ShellProcess.RunAsync(
            string.Empty,
            ["-Command", "[Environment]::GetEnvironmentVariable('POWERSHELL_TELEMETRY_OPTOUT')"],
            environment);

        Assert.Equal("1", result.Output.Trim());
    }

    [Fact]
    public async Task Help_names_every_mode()
    {
        ShellResult result = await ShellProcess.RunAsync("--help");

        Assert.Equal(0, result.ExitCode);
        Assert.All(
            ["-File", "-Command", "-Version", "-Help"],
            option => Assert.Contains(option, result.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_module_that_is_not_there_is_an_error_and_not_an_empty_shell()
    {
        string missing = Path.Combine(_folder, "Dfss.psd1");
        Dictionary<string, string> environment = new() { ["DFSS_MODULE"] = missing };

        ShellResult result = await ShellProcess.RunAsync(string.Empty, ["-Command", "'ran'"], environment);

        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains(missing, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_that_fails_to_load_is_an_error_and_not_an_empty_shell()
    {
        string broken = Path.Combine(_folder, "Dfss.psd1");
        await File.WriteAllTextAsync(
            broken, "@{ ModuleVersion = '1.0'; RootModule = 'Dfss.psm1' }", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "Dfss.psm1"), "throw 'the library is missing'",
            TestContext.Current.CancellationToken);
        Dictionary<string, string> environment = new() { ["DFSS_MODULE"] = broken };

        ShellResult result = await ShellProcess.RunAsync(string.Empty, ["-Command", "'ran'"], environment);

        Assert.Equal(1, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.Contains("the library is missing", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Objects_of_each_type_have_their_own_table_and_text_between_rows_ends_none()
    {
        ShellResult result = await ShellProcess.RunAsync(
            "-Command",
            "$peer = Start-DfssPeer -InMemory -Port 0; @{ first = 1 }; $peer; 'text'; No-SuchCommand; $peer");

        Assert.Contains("No-SuchCommand", result.Error, StringComparison.Ordinal);
        string header = Assert.Single(
            result.OutputLines, line => line.StartsWith("Id ", StringComparison.Ordinal));
        Assert.Contains("Endpoint", header, StringComparison.Ordinal);
        Assert.Equal(2, result.OutputLines.Count(line => line.Contains("localhost:", StringComparison.Ordinal)));
        Assert.Contains("text", result.OutputLines);
    }

    /// <summary>
    /// The engine shows what follows the first type of objects in one pipeline as lists of their default properties.
    /// </summary>
    [Fact]
    public async Task What_is_shown_as_a_list_after_a_table_of_other_objects_has_the_columns_of_its_table()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "a.txt"), "contents", TestContext.Current.CancellationToken);
        ShellResult result = await ShellProcess.RunAsync(
            "-Command",
            $"$env:XDG_STATE_HOME = '{_folder}'; $peer = Start-DfssPeer -InMemory -Port 0; "
                + $"$sent = Send-DfssFile '{_folder}/a.txt' -Peer $peer; "
                + "& { @{ first = 1 }; $sent; $peer; Get-DfssFileInfo a.txt -Chunk -Peer $peer } | Out-Default");

        Assert.Equal(string.Empty, result.Error);
        foreach (string column in new[] { "Chunks", "Replicas", "PresentReplicas", "StoredBytes", "StorePath", "Id" })
        {
            Assert.Contains(result.OutputLines, line => line.StartsWith($"{column} ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_module_is_imported()
    {
        ShellResult result = await ShellProcess.RunAsync("-Command", "(Get-Command Start-DfssPeer).ModuleName");

        Assert.Equal(("Dfss", 0), (result.Output.Trim(), result.ExitCode));
    }

    [Theory]
    [InlineData("'fine'", 0)]
    [InlineData("exit 5", 5)]
    [InlineData("throw 'bang'", 1)]
    [InlineData("[System.IO.File]::ReadAllText('/no/such/file')", 1)]
    [InlineData("throw 'bang' # with a comment at the end", 1)]
    [InlineData("try { throw 'bang' } catch { 'caught' }", 0)]
    [InlineData("NoSuchCommand; 'but the last is fine'", 0)]
    [InlineData("'a' +", 1)]
    public async Task Command_ends_with_what_its_last_statement_was(string command, int exitCode) =>
        Assert.Equal(exitCode, (await ShellProcess.RunAsync("-Command", command)).ExitCode);

    [Fact]
    public async Task Errors_go_to_standard_error_and_output_to_standard_output_without_colour()
    {
        ShellResult result = await ShellProcess.RunAsync("-Command", "'before'; NoSuchCommand; 'after'");

        Assert.Equal(["before", "after"], result.OutputLines);
        Assert.Contains("NoSuchCommand", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', result.Output + result.Error);
    }

    [Fact]
    public async Task An_everyday_command_that_the_engine_lacks_is_said_to_be_in_pwsh()
    {
        ShellResult result = await ShellProcess.RunAsync("-Command", "Get-ChildItem");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("'Get-ChildItem' comes with PowerShell (pwsh", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_lists_the_commands_with_what_each_does()
    {
        ShellResult result = await ShellProcess.RunAsync("-Command", "help");

        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        Assert.Contains(
            "Send-DfssFile             Sends files to peers, which store each under a name.", result.OutputLines);
        string[] commands =
            [.. result.OutputLines.Where(
                line => line.Contains("-Dfss", StringComparison.Ordinal) && line.EndsWith('.'))];
        Assert.Equal(36, commands.Length);
        Assert.All(commands, line => Assert.Contains("  ", line, StringComparison.Ordinal));
        Assert.Contains(result.OutputLines, line => line.StartsWith("help about_Dfss ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("help Send-DfssFile -Full", "CommonParameters")]
    [InlineData("help about_Dfss", "LONG DESCRIPTION")]
    public async Task Help_takes_what_Get_Help_takes(string command, string expected)
    {
        ShellResult result = await ShellProcess.RunAsync("-Command", command);

        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        Assert.Contains(expected, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task To_ask_for_a_command_that_the_engine_lacks_is_answered_with_nothing()
    {
        ShellResult result = await ShellProcess.RunAsync(
            "-Command", "$null -eq (Get-Command Get-ChildItem -ErrorAction Ignore)");

        Assert.Equal(("True", string.Empty), (result.Output.Trim(), result.Error));
    }

    [Fact]
    public async Task File_passes_names_switches_and_awkward_strings()
    {
        string script = await WriteAsync(
            "param([string] $Name, [switch] $Big, [switch] $Small, [Parameter(ValueFromRemainingArguments)] $Rest)",
            "\"$Name|$Big|$Small|$($Rest -join ',')|$PSScriptRoot|$PSCommandPath\"");

        ShellResult result = await ShellProcess.RunAsync(
            "-File", script, "-Name", "it's $HOME", "-Big", "-Small:$false", "-1", "a b; exit 9");

        Assert.Equal(
            ($"it's $HOME|True|False|-1,a b; exit 9|{_folder}|{script}", 0), (result.Output.Trim(), result.ExitCode));
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("throw 'bang'", 1)]
    [InlineData("function f { exit 3 }; f; 'not reached'", 3)]
    [InlineData("NoSuchCommand; 'fine'", 0)]
    [InlineData("this is { no script", 1)]
    public async Task File_ends_with_what_the_script_said(string text, int exitCode) =>
        Assert.Equal(exitCode, (await ShellProcess.RunAsync("-File", await WriteAsync(text))).ExitCode);

    [Fact]
    public async Task Statements_come_from_standard_input_line_by_line_until_exit()
    {
        ShellResult result = await ShellProcess.RunAsync(
            "$x = 20 +\n1\n$x * 2\n$ErrorActionPreference = 'Stop'\nthrow 'bang'\nexit 4\n'not reached'\n", []);

        Assert.Equal(["42"], result.OutputLines);
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("bang", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_few_replacements_do_their_work()
    {
        string file = Path.Combine(_folder, "out.txt");

        ShellResult result = await ShellProcess.RunAsync(
            "-Command",
            $"cd '{_folder}'; Write-Output $PWD.Path; 'one', 'two' > out.txt; 'three' >> out.txt; Write-Host a b; "
                + "Start-Sleep -Milliseconds 1");

        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        Assert.Equal([_folder, "a b"], result.OutputLines);
        Assert.Equal(
            ["one", "two", "three"], await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_prompt_without_a_terminal_is_an_error()
    {
        ShellResult result = await ShellProcess.RunAsync("-Command", "$Host.UI.ReadLine()");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("standard input is not a terminal", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_leaves_no_trace_in_redirected_streams()
    {
        ShellResult result = await ShellProcess.RunAsync(
            "-Command",
            "$Host.UI.WriteProgress(1, [System.Management.Automation.ProgressRecord]::new(1, 'Sending', "
                + "'some')); 'done'");

        Assert.Equal(("done", string.Empty), (result.Output.Trim(), result.Error));
    }

    private async Task<string> WriteAsync(params string[] lines)
    {
        string path = Path.Combine(_folder, "script.ps1");
        await File.WriteAllLinesAsync(path, lines, TestContext.Current.CancellationToken);
        return path;
    }
}
