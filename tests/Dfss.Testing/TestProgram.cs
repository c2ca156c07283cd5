using System.Diagnostics;

namespace Dfss.Testing;

/// <summary>This assembly as a program: a peer, a client or an engine in a process of its own.</summary>
internal static class TestProgram
{
    /// <summary>Starts one of them, its three streams redirected.</summary>
    public static Process Start(params IEnumerable<string> arguments)
    {
        string dotnet = Environment.ProcessPath is string path && Path.GetFileNameWithoutExtension(path) == "dotnet"
            ? path
            : "dotnet";
        return Process.Start(new ProcessStartInfo(
            dotnet, [Path.Combine(AppContext.BaseDirectory, "Dfss.Testing.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
    }

    private static Task<int> Main(string[] arguments) => arguments[0] switch
    {
        "client" => ClientProgram.RunAsync(),
        "engine" => FakeS3Program.RunAsync(arguments[1..]),
        _ => PeerProgram.RunAsync(arguments[1..]),
    };
}
