using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Dfss.Peers;
using Dfss.Storage;

namespace Dfss.Commands;

/// <summary>The other side of <see cref="DetachedPeer"/>: the peer in the process that was started for it.</summary>
internal static class DetachedPeerProcess
{
    /// <summary>10 MiB: years of an orderly peer's lines. There is a former log of as much at most.</summary>
    private const long MaxLogBytes = 10L << 20;

    /// <summary>Starts the peer, announces it on standard output, and runs it until SIGTERM.</summary>
    /// <param name="options">How it runs; without its engine.</param>
    /// <param name="openEngine">Gives the engine of its store, or its error; null for a store without one.</param>
    /// <param name="issuer">Opens the authority, for an issuer.</param>
    /// <param name="cancellationToken">Stops the peer.</param>
    internal static async Task RunAsync(
        PeerOptions options, Func<StoreEngine>? openEngine, IssuerSource? issuer, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows())
        {
            // False if this process leads a group already: then it is in no terminal's group.
            _ = NativeProcess.LeaveTerminal();
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            // Otherwise the runtime would end the process before the peer has answered pending requests.
            context.Cancel = true;
            _ = ending.CancelAsync();
        });
        using var log = new PeerLog();
        // Without a folder there is no file, and nothing to keep lines for.
        Action<string>? write = options.StorePath is null ? null : log.Write;
        DfssPeer peer = await StartAsync(
            options with { Log = write }, openEngine, issuer, ending.Token).ConfigureAwait(false);
        await using (peer.ConfigureAwait(false))
        {
            if (options.StorePath is { } path)
            {
                log.Open(Path.Combine(path, "peer.log"), MaxLogBytes);
            }

            string addresses = string.Join(", ", peer.AdvertisedAddresses);
            log.Write(FormattableString.Invariant($"Process {Environment.ProcessId} listens on {addresses}."));
            Announce(new PeerAnnouncement(
                PeerAnnouncement.Mark, Environment.ProcessId, peer.Port, [.. peer.AdvertisedAddresses],
                peer.StoreId.ToString(),
                DfssErrorCode.None, Message: null, Advice: null,
                peer.Options.Identity?.Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
                peer.StoreNotices));
            await WaitAsync(peer, log, ending.Token).ConfigureAwait(false);
            await peer.StopAsync().ConfigureAwait(false);
            log.Write("Stopped.");
        }
    }

    private static async Task<DfssPeer> StartAsync(
        PeerOptions options, Func<StoreEngine>? openEngine, IssuerSource? issuer, CancellationToken cancellationToken)
    {
        try
        {
            if (issuer is not null)
            {
                options = options with { Issuer = await issuer.OpenAsync(cancellationToken).ConfigureAwait(false) };
            }

            return await DfssPeer.StartAsync(
                options with { Engine = openEngine?.Invoke().Reporting(() => Tell(PeerAnnouncement.ProgressLine)) },
                cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception)
        {
            Announce(new PeerAnnouncement(
                PeerAnnouncement.Mark, Environment.ProcessId, Port: 0, [], StoreId: string.Empty, exception.Code,
                exception.Reason, exception.Advice));
            throw;
        }
    }

    private static async Task WaitAsync(DfssPeer peer, PeerLog log, CancellationToken ending)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = ending.Register(told.SetResult);
        Task first = await Task.WhenAny(peer.Completion, told.Task).ConfigureAwait(false);
        if (first.IsFaulted)
        {
            log.Write($"Stops because of a fault: {first.Exception!.InnerException!.Message}");
            await first.ConfigureAwait(false);
        }
    }

    /// <summary>Writes the line, and closes the pipes.</summary>
    private static void Announce(PeerAnnouncement announcement)
    {
        Tell(announcement.ToLine());
        if (!OperatingSystem.IsWindows() && announcement.Error == DfssErrorCode.None)
        {
            NativeProcess.DropOutput();
        }
    }

    /// <summary>Writes a line without the host, which would format it.</summary>
    private static void Tell(string line)
    {
        using Stream output = Console.OpenStandardOutput();
        output.Write(System.Text.Encoding.UTF8.GetBytes("\n" + line + "\n"));
        output.Flush();
    }
}
