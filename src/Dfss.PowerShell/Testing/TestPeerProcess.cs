using System.Diagnostics;
using System.IO.Pipes;
using System.Text.Json;
using Dfss.Faults;

namespace Dfss.Commands;

/// <summary>
/// A peer of a test cluster in a process of its own, which a pipe ties to this one: lines of JSON, one for each change
/// of the faults, and one back when it holds. When the pipe closes, however this process ends, the other one ends too.
/// </summary>
internal sealed class TestPeerProcess : TestPeerRun
{
    /// <summary>30 s: a cold start of PowerShell on a slow disk takes some seconds.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    /// <summary>15 s: a peer answers pending requests for at most 5 s and closes its store.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    /// <summary>10 s: the process only sets a field.</summary>
    private static readonly TimeSpan ChangeTimeout = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly PrivatePipe pipe;
    private readonly Task<string> output;
    private StreamReader? reader;
    private StreamWriter? writer;
    private PeerAnnouncement? announcement;

    private TestPeerProcess(Process process, PrivatePipe pipe, Task<string> output, string? storePath)
    {
        this.process = process;
        this.pipe = pipe;
        this.output = output;
        StorePath = storePath;
    }

    internal override PeerAnnouncement Announcement => announcement!;

    internal override string? StorePath { get; }

    /// <summary>Starts the process; returns when its peer listens.</summary>
    /// <exception cref="DfssException">The error of the peer; TimedOut.</exception>
    /// <exception cref="CmdletException">HostNotFound, PeerStartFailed.</exception>
    internal static async Task<TestPeerProcess> StartAsync(TestPeerOrder order, CancellationToken cancellationToken)
    {
        PrivatePipe pipe = new(PipeDirection.InOut);
        TestPeerProcess? peer = null;
        try
        {
            Process process = DetachedPeer.StartProcess(PeerHost.Find().CreateStartInfo(
                $"{DetachedPeer.ImportCommand}New-DfssTestCluster -ControlPipe {PeerHost.Quote(pipe.Name)}"));
            peer = new TestPeerProcess(process, pipe, ReadOutputAsync(process), order.StorePath);
            process.StandardInput.Close();
            await peer.OpenAsync(order, cancellationToken).ConfigureAwait(false);
            return peer;
        }
        catch
        {
            if (peer is not null)
            {
                await peer.KillAsync().ConfigureAwait(false);
            }

            await pipe.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal override void Apply(PeerFaults faults) => PipelineBridge.WaitFor(() => ApplyAsync(faults));

    public override async ValueTask DisposeAsync()
    {
        await pipe.DisposeAsync().ConfigureAwait(false);
        using CancellationTokenSource timeout = new(StopTimeout);
        try
        {
            await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
            await output.ConfigureAwait(false);
            process.Dispose();
        }
        catch (OperationCanceledException)
        {
            await KillAsync().ConfigureAwait(false);
        }
    }

    private async Task ApplyAsync(PeerFaults faults)
    {
        using CancellationTokenSource timeout = new(ChangeTimeout);
        try
        {
            await writer!.WriteLineAsync(
                JsonSerializer.Serialize(faults).AsMemory(), timeout.Token).ConfigureAwait(false);
            if (await reader!.ReadLineAsync(timeout.Token).ConfigureAwait(false) is null)
            {
                throw Stopped(cause: null);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            throw Stopped(exception);
        }
        catch (OperationCanceledException exception)
        {
            // A late answer would be taken for that of the next change. Without its pipe the process ends.
            await pipe.DisposeAsync().ConfigureAwait(false);
            throw new DfssException(
                DfssErrorCode.TimedOut,
                FormattableString.Invariant(
                    $"The process of the test peer {Announcement.Addresses[0]} did not answer within ")
                    + FormattableString.Invariant($"{ChangeTimeout.TotalSeconds:0} s, and is ended."),
                exception);
        }
    }

    /// <summary>The process has its own start-up time beside this one's, in which it may end or hang.</summary>
    private async Task OpenAsync(TestPeerOrder order, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StartTimeout);
        try
        {
            Task connecting = pipe.ConnectAsync(timeout.Token);
            if (await Task.WhenAny(connecting, process.WaitForExitAsync(timeout.Token)).ConfigureAwait(false)
                == connecting)
            {
                await connecting.ConfigureAwait(false);
                reader = new StreamReader(pipe.Stream, leaveOpen: true);
                writer = new StreamWriter(pipe.Stream, leaveOpen: true) { AutoFlush = true };
                await writer.WriteLineAsync(
                    JsonSerializer.Serialize(order).AsMemory(), timeout.Token).ConfigureAwait(false);
                announcement = PeerAnnouncement.TryRead(
                    await reader.ReadLineAsync(timeout.Token).ConfigureAwait(false) ?? string.Empty);
            }

            timeout.Token.ThrowIfCancellationRequested();
        }
        catch (IOException)
        {
            // It ended after it had connected; what it said is reported below.
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(
                DfssErrorCode.TimedOut,
                FormattableString.Invariant(
                    $"The process of a test peer did not listen within {StartTimeout.TotalSeconds:0} s."));
        }

        if (announcement is null)
        {
            throw DetachedPeer.EndedEarly(process, (await output.ConfigureAwait(false)).Trim());
        }

        if (announcement.Error != DfssErrorCode.None)
        {
            throw new DfssException(
                announcement.Error, announcement.Message ?? announcement.Error.ToString(), announcement.Advice);
        }
    }

    private async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        await pipe.DisposeAsync().ConfigureAwait(false);
        process.Dispose();
    }

    private static async Task<string> ReadOutputAsync(Process process)
    {
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string written = await process.StandardOutput.ReadToEndAsync().ConfigureAwait(false);
        return await errors.ConfigureAwait(false) + written;
    }
}
