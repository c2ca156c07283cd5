namespace Dfss.Benchmarks;

/// <summary>What TLS costs, with both sides authenticated.</summary>
internal static class TlsBenchmark
{
    public static async Task RunAsync(string folder, int fileMebibytes, int rounds, TextWriter output)
    {
        TlsFiles files = TlsFiles.Create(folder);
        PairBenchmark pair = new(folder, "plaintext", "TLS 1.3")
        {
            PeerArguments = files.PeerArguments,
            ClientArguments = files.ClientArguments,
        };
        await pair.RunAsync(fileMebibytes, rounds, output);
    }
}
