using System.Diagnostics;

namespace Dfss.Shell.Tests;

/// <summary>
/// What a terminal or a service manager sends. Windows has no kill(1); there Ctrl+C comes through the console.
/// </summary>
public sealed class SignalTests
{
    private const string Cooperative =
        "try { [Console]::WriteLine('up'); Start-Sleep 300 } finally { [Console]::WriteLine('finally ran') }";

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public async Task A_signal_stops_the_pipeline_and_finally_runs(string signal, int exitCode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals on Windows.");
        using ShellProcess shell = ShellProcess.Start(["-Command", Cooperative]);
        await shell.ReadUntilAsync("up");
        long sent = Stopwatch.GetTimestamp();

        await shell.SignalAsync(signal);
        ShellResult result = await shell.EndAsync();

        Assert.Equal((exitCode, "finally ran"), (result.ExitCode, result.Output.Trim()));
        // Far less than the 300 s it would sleep.
        Assert.InRange(Stopwatch.GetElapsedTime(sent), TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Ctrl_C_ends_even_what_does_not_listen()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals on Windows.");
        using ShellProcess shell = ShellProcess.Start(
            ["-Command", "[Console]::WriteLine('up'); [System.Threading.Thread]::Sleep(300000)"]);
        await shell.ReadUntilAsync("up");

        await shell.SignalAsync("INT");
        ShellResult result = await shell.EndAsync();

        Assert.Equal(130, result.ExitCode);
    }

    [Fact]
    public async Task Leaving_removes_the_module_so_that_its_peers_stop()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals on Windows.");
        const string Watched = "(Get-Module Dfss).OnRemove = { [Console]::WriteLine('removed') }; " + Cooperative;
        using ShellProcess shell = ShellProcess.Start(["-Command", Watched]);
        await shell.ReadUntilAsync("up");

        await shell.SignalAsync("TERM");
        ShellResult result = await shell.EndAsync();

        Assert.Equal(["finally ran", "removed"], result.OutputLines);
        Assert.Equal(143, result.ExitCode);
    }

    [Fact]
    public async Task Ctrl_C_at_the_prompt_drops_the_half_typed_line()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "It takes script(1) for a terminal.");
        using ShellProcess shell = ShellProcess.StartOnTerminal();
        await shell.ReadUntilEndsAsync("> ");
        await shell.TypeAsync("'half' + ");
        await shell.ReadUntilEndsAsync("'half' + ");

        await shell.TypeAsync("\x03");
        await shell.ReadUntilEndsAsync("> ");
        await shell.TypeAsync("if (1) {\n");
        await shell.ReadUntilEndsAsync(">> ");
        await shell.TypeAsync("\x03");
        await shell.ReadUntilEndsAsync("> ");
        await shell.TypeAsync("'[{0}]' -f 'whole'\n");

        Assert.EndsWith("\n[whole]\r\n", await shell.ReadUntilEndsAsync("]\r\n"), StringComparison.Ordinal);
        await shell.TypeAsync("exit\n");
        Assert.Equal(0, (await shell.EndAsync()).ExitCode);
    }
}
