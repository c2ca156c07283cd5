using System.Diagnostics;
using System.Text.Json;

namespace Dfss.Testing;

/// <summary>
/// A client in a process of its own (see <see cref="ClientProgram"/>), which can be killed in the middle of a command.
/// </summary>
internal sealed class ClientProcess : IAsyncDisposable
{
    /// <summary>Ends each answer: a line without it was cut off by the kill.</summary>
    public const string EndOfAnswer = " .";

    private readonly Process process;

    /// <summary>
    /// One wait for all callers: a wait that is under way when the process is disposed would never end.
    /// </summary>
    private readonly Task exited;

    private ClientProcess(Process process)
    {
        this.process = process;
        exited = process.WaitForExitAsync();
    }

    public int ProcessId => process.Id;

    public static async Task<ClientProcess> StartAsync(ClientSettings settings)
    {
        ClientProcess client = new(TestProgram.Start("client"));
        client.process.ErrorDataReceived += (_, line) => client.Errors += line.Data;
        client.process.BeginErrorReadLine();
        await client.process.StandardInput.WriteLineAsync(
            JsonSerializer.Serialize(settings, TestingJson.Default.ClientSettings));
        return client;
    }

    /// <summary>
    /// What it has written to standard error: nothing, unless it failed in a way that is no
    /// <see cref="DfssException"/>.
    /// </summary>
    public string Errors { get; private set; } = string.Empty;

    /// <summary>Does one command at a time.</summary>
    /// <returns>Null where the process was killed before it answered.</returns>
    public async Task<ClientAnswer?> RunAsync(ClientCommand command)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(
                JsonSerializer.Serialize(command, TestingJson.Default.ClientCommand));
            await process.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            return null;
        }

        string? line = await process.StandardOutput.ReadLineAsync();
        return line is not null && line.EndsWith(EndOfAnswer, StringComparison.Ordinal)
            ? JsonSerializer.Deserialize(line.AsSpan(..^EndOfAnswer.Length), TestingJson.Default.ClientAnswer)!
            : null;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await exited;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
    }
}
