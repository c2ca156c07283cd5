using System.IO.Pipes;
using System.Text.Json;
using Dfss.Faults;

namespace Dfss.Commands;

/// <summary>
/// The first line to the process of a test peer, and what that process does with it and those after it.
/// </summary>
/// <param name="StorePath">The folder of the store; null in memory.</param>
/// <param name="Seed">Decides which chunks are corrupt.</param>
/// <param name="Membership">The folder with the certificates of the cluster; null for plaintext.</param>
/// <param name="StoreId">The id of the store, which the peer's certificate names; null without one.</param>
internal sealed record TestPeerOrder(string? StorePath, int Seed, string? Membership = null, string? StoreId = null)
{
    /// <summary>Runs a peer as the process at the other end of the pipe says, until the pipe closes.</summary>
    internal static async Task ServeAsync(string pipeName, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
        {
            // So that Ctrl+C in the terminal of the tests does not end the peer.
            _ = NativeProcess.LeaveTerminal();
        }

        await using NamedPipeClientStream pipe = await PrivatePipe.OpenAsync(
            pipeName, PipeDirection.InOut, cancellationToken).ConfigureAwait(false);
        using StreamReader reader = new(pipe, leaveOpen: true);
        await using StreamWriter writer = new(pipe, leaveOpen: true) { AutoFlush = true };
        if (await ReadAsync<TestPeerOrder>(reader, cancellationToken).ConfigureAwait(false) is not { } order)
        {
            return;
        }

        FaultyPeer peer;
        try
        {
            peer = await LocalTestPeer.StartAsync(order, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            await WriteAsync(writer, new PeerAnnouncement(
                PeerAnnouncement.Mark, Environment.ProcessId, Port: 0, [], StoreId: string.Empty, exception.Code,
                exception.Reason, exception.Advice)).ConfigureAwait(false);
            return;
        }

        await using (peer.ConfigureAwait(false))
        {
            await WriteAsync(writer, LocalTestPeer.Describe(peer.Peer)).ConfigureAwait(false);
            while (await ReadAsync<PeerFaults>(reader, cancellationToken).ConfigureAwait(false) is { } faults)
            {
                peer.Faults = faults;
                await writer.WriteLineAsync("set").ConfigureAwait(false);
            }
        }
    }

    private static Task WriteAsync(StreamWriter writer, PeerAnnouncement announcement) =>
        writer.WriteLineAsync(announcement.ToLine());

    /// <summary>The next line; null when the pipe has closed, in order or not.</summary>
    private static async Task<T?> ReadAsync<T>(StreamReader reader, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            string? line = await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
            return line is null ? null : JsonSerializer.Deserialize<T>(line);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
