namespace Dfss.Benchmarks;

/// <summary>Something that brings the files of a folder to another place, and back from there.</summary>
internal interface ICopyTool : IAsyncDisposable
{
    string Name { get; }

    /// <summary>What it verifies and what is on disk when it returns, in a few words.</summary>
    string Promise { get; }

    /// <summary>
    /// Sends a workload and receives it again into "received", below a folder that is empty. Before each of the two it
    /// calls <see cref="Machine.SettleAsync"/>.
    /// </summary>
    Task<Turn> RunAsync(Workload workload, string folder);
}

/// <summary>There and back.</summary>
internal sealed record Turn(Cost Send, Cost Receive);

/// <summary>What one command cost.</summary>
/// <param name="Seconds">By the clock.</param>
/// <param name="ProcessorSeconds">Of all processes, at both ends.</param>
/// <param name="ClientPeakBytes">The most memory that the largest process of the command had resident.</param>
/// <param name="ServerPeakBytes">The same of the servers; null where there is none.</param>
internal sealed record Cost(double Seconds, double ProcessorSeconds, long ClientPeakBytes, long? ServerPeakBytes);

/// <summary>This machine has not got what a tool needs; the message is the reason.</summary>
internal sealed class ToolUnavailableException(string message) : Exception(message);
