namespace Dfss.Benchmarks;

/// <summary>What encryption costs, with a key that the peers do not have.</summary>
internal static class EncryptionBenchmark
{
    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        string key = Path.Combine(folder, "files.key");
        await ClientRun.StartAsync($"$null = New-DfssEncryptionKey '{key}'");
        PairBenchmark pair = new(folder, "plain", "encrypted") { ClientArguments = $"-EncryptionKey '{key}'" };
        await pair.RunAsync(fileMebibytes, rounds, output);
    }
}
