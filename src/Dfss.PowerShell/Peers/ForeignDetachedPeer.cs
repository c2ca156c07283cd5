using System.Diagnostics;
using System.Net;

namespace Dfss.Commands;

/// <summary>
/// A detached peer that another session started. Its process id is only what a peer reports of itself, so a process is
/// ended only if its command line on this machine shows that it is that peer.
/// </summary>
internal static class ForeignDetachedPeer
{
    /// <summary>What <see cref="DetachedPeer"/> starts every process with.</summary>
    internal const string CommandMark = "Start-DfssPeer -Announce ";

    /// <summary>Why a peer's process may not be ended from here; null where it may.</summary>
    internal static string? FindObstacle(DfssPeerInfo peer)
    {
        if (!OperatingSystem.IsLinux())
        {
            return "this system does not show what its process was started for";
        }

        if (!IsLoopback(peer.Endpoint))
        {
            return "it was not asked at localhost, so it may run on another machine";
        }

        string process = FormattableString.Invariant($"/proc/{peer.ProcessId}");
        try
        {
            string[] arguments = File.ReadAllText($"{process}/cmdline").Split('\0');
            return !Array.Exists(arguments, argument => IsCommandOf(argument, peer))
                ? "that process was not started for it with -Detached"
                : ReadUser(process) != ReadUser("/proc/self") ? "that process is another user's" : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "there is no such process here that can be inspected";
        }
    }

    /// <summary>Asks the process of a peer without obstacle to end, and waits until it has.</summary>
    /// <exception cref="DfssException">TimedOut: it still runs.</exception>
    internal static async Task StopAsync(DfssPeerInfo peer, CancellationToken cancellationToken)
    {
        Process process;
        try
        {
            process = Process.GetProcessById(peer.ProcessId);
        }
        catch (ArgumentException)
        {
            // It has ended meanwhile.
            return;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(peer.StopTimeout);
        using (process)
        {
            _ = NativeProcess.Terminate(peer.ProcessId);
            try
            {
                await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new DfssException(DfssErrorCode.TimedOut, FormattableString.Invariant(
                    $"{peer.Endpoint}: process {peer.ProcessId} was asked to end and still runs."));
            }
        }
    }

    /// <summary>Whether a command is the one that a detached peer of this store is started with.</summary>
    internal static bool IsCommandOf(string argument, DfssPeerInfo peer) =>
        argument.Contains(CommandMark, StringComparison.Ordinal)
        && argument.Contains(StoreArgument(peer.StorePath), StringComparison.Ordinal);

    /// <summary>The argument by which a detached peer's command names its store: a folder, an address in an engine, or
    /// null for one in memory.</summary>
    internal static string StoreArgument(string? store) =>
        store is null ? " -InMemory"
        : store.StartsWith("s3://", StringComparison.Ordinal) ? $" -Store {PeerHost.Quote(store)}"
        : $" -StorePath {PeerHost.Quote(store)}";

    private static bool IsLoopback(string endpoint)
    {
        string host = endpoint[..Math.Max(0, endpoint.LastIndexOf(':'))].Trim('[', ']');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
    }

    private static string? ReadUser(string process) => File.ReadLines($"{process}/status")
        .FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal));
}
