using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text;
using Dfss.Peers;

namespace Dfss.Commands;

/// <summary>A peer in a separate process that this process started.</summary>
internal sealed class DetachedPeer : SessionPeer
{
    /// <summary>30 s: a cold start of PowerShell on a slow disk takes some seconds; re-opening a store does not wait
    /// for its checks. The probe of an engine tells its steps, and the time begins again with each.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    /// <summary>15 s: a peer answers pending requests for at most 5 s and closes its store.</summary>
    internal static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    // The system gives the id of our own child to no other process until this object has seen it end: so pid and
    // process stay one.
    private readonly Process process;
    private readonly PeerAnnouncement announcement;
    private readonly Lock gate = new();
    private bool isDisposed;

    internal DetachedPeer(
        Process process, PeerAnnouncement announcement, PeerOptions options, Runspace session)
        : base(session, announcement.Identity)
    {
        this.process = process;
        this.announcement = announcement;
        StorePath = options.StorePath ?? options.Engine?.Address;
    }

    internal override DfssPeerKind Kind => DfssPeerKind.Detached;

    internal override int Port => announcement.Port;

    internal override IReadOnlyList<string> Addresses => announcement.Addresses;

    internal override string StoreId => announcement.StoreId;

    internal override string? StorePath { get; }

    internal override int ProcessId => announcement.ProcessId;

    internal override IReadOnlyList<string> StoreNotices => announcement.StoreNotices ?? [];

    /// <summary>
    /// Whether it runs. A command that lists the peers may still hold one that another command has stopped and
    /// disposed.
    /// </summary>
    internal override DfssPeerState State
    {
        get
        {
            lock (gate)
            {
                return isDisposed || process.HasExited ? DfssPeerState.Stopped : DfssPeerState.Running;
            }
        }
    }

    /// <summary>Starts a process with a peer; returns when it listens.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="identity">The certificate that it presents.</param>
    /// <param name="session">The session that it belongs to.</param>
    /// <param name="cancellationToken">Gives up, and ends the process.</param>
    /// <exception cref="DfssException">The error of the peer.</exception>
    /// <exception cref="CmdletException">HostNotFound, PeerStartFailed: the process could not be started, or ended
    /// early.</exception>
    internal static async Task<DetachedPeer> StartAsync(
        PeerOptions options, PeerIdentity identity, Runspace session, CancellationToken cancellationToken)
    {
        await using IdentityHandover? handover =
            identity is { Identity: null, Issuer: null, Engine: null, EngineAuthorities.Count: 0 }
                ? null : IdentityHandover.Create(identity);
        Process process = StartProcess(PeerHost.Find().CreateStartInfo(CreateCommand(options, handover?.PipeName)));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StartTimeout);
        bool isListening = false;
        try
        {
            process.StandardInput.Close();
            Task giving = handover?.GiveAsync(timeout.Token) ?? Task.CompletedTask;
            PeerAnnouncement announcement = await ReadAnnouncementAsync(process, timeout).ConfigureAwait(false);
            if (announcement.Error != DfssErrorCode.None)
            {
                throw new DfssException(
                    announcement.Error, announcement.Message ?? announcement.Error.ToString(), announcement.Advice);
            }

            await giving.ConfigureAwait(false);
            isListening = true;
            return new DetachedPeer(process, announcement, options, session);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DfssException(
                DfssErrorCode.TimedOut,
                FormattableString.Invariant(
                    $"The peer's process made no progress for {StartTimeout.TotalSeconds:0} s and was ended."));
        }
        finally
        {
            process.StandardOutput.Close();
            process.StandardError.Close();
            if (!isListening)
            {
                process.Kill(entireProcessTree: true);
                process.Dispose();
            }
        }
    }

    internal override async Task StopAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StopTimeout);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                // Windows has no signal to send to a process without a console; a store is made to bear this.
                process.Kill(entireProcessTree: true);
            }
            else if (!process.HasExited)
            {
                _ = NativeProcess.Terminate(process.Id);
            }

            await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A store loses nothing if its process is killed; a hung peer would keep its port and its store.
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isDisposed = true;
            process.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>What a peer's process runs first: dfss comes with the module imported.</summary>
    internal static string ImportCommand => "$ErrorActionPreference = 'Stop'; "
        + $"if (-not (Get-Module -Name Dfss)) {{ Import-Module {PeerHost.Quote(FindModule())} }}; ";

    /// <summary>Starts the program of a peer.</summary>
    /// <exception cref="CmdletException">PeerStartFailed.</exception>
    internal static Process StartProcess(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new CmdletException(ErrorRecords.Create(
                "PeerStartFailed", ErrorCategory.OpenError, info.FileName,
                $"'{info.FileName}' cannot be started: {exception.Message}",
                $"Set $env:{PeerHost.HostVariable} to the path of pwsh or dfss.", exception));
        }
    }

    private static async Task<PeerAnnouncement> ReadAnnouncementAsync(
        Process process, CancellationTokenSource timeout)
    {
        Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
        var output = new StringBuilder();
        return await PeerAnnouncement.ReadAsync(
                process.StandardOutput, output, () => timeout.CancelAfter(StartTimeout), timeout.Token)
            .ConfigureAwait(false)
            ?? throw EndedEarly(process, (await errors.ConfigureAwait(false) + output).Trim());
    }

    /// <summary>The error of a process that did not get as far as to announce its peer.</summary>
    internal static CmdletException EndedEarly(Process process, string said) => new(ErrorRecords.Create(
        "PeerStartFailed", ErrorCategory.OpenError, process.StartInfo.FileName,
        $"The peer's process ended before it listened. It said: {(said.Length == 0 ? "(nothing)" : said)}",
        $"Check that '{process.StartInfo.FileName}' is pwsh 7.6 or later, or dfss."));

    private static string CreateCommand(PeerOptions options, string? identityPipe)
    {
        var command = new StringBuilder(ImportCommand)
            .Append(ForeignDetachedPeer.CommandMark)
            .Append("-Confirm:$false -Address ").Append(PeerHost.Quote(options.Address))
            .Append(System.Globalization.CultureInfo.InvariantCulture, $" -Port {options.Port}")
            .Append(ForeignDetachedPeer.StoreArgument(options.StorePath ?? options.Engine?.Address));
        if (options.AdvertisedAddresses.Count > 0)
        {
            command.Append(" -AdvertisedAddress ").AppendJoin(',', options.AdvertisedAddresses.Select(PeerHost.Quote));
        }

        if (identityPipe is not null)
        {
            command.Append(" -IdentityPipe ").Append(PeerHost.Quote(identityPipe));
        }

        else
        {
            // The other process would choose a cluster by itself, which may differ from the one chosen here.
            command.Append(" -Cluster ''");
        }

        if (options.Engine is null)
        {
            AppendLimits(command, options);
        }

        if (options.StoreRelocation != StoreRelocation.None)
        {
            command.Append(options.StoreRelocation == StoreRelocation.Moved ? " -StoreMoved" : " -StoreCopied");
        }

        return command.Append(options.AllowUnauthenticatedNetwork
            ? " -AllowUnauthenticatedNetwork" : string.Empty).ToString();
    }

    // The manifest is in the nearest folder above the assembly that has one: the assembly is in lib, or its compiled
    // copy in lib/runtimes/PLATFORM/lib.
    private static string FindModule()
    {
        string assembly = typeof(DetachedPeer).Assembly.Location;
        for (string? folder = Path.GetDirectoryName(assembly); folder is not null;
            folder = Path.GetDirectoryName(folder))
        {
            string manifest = Path.Combine(folder, "Dfss.psd1");
            if (File.Exists(manifest))
            {
                return manifest;
            }
        }

        return assembly;
    }

    private static void AppendLimits(StringBuilder command, PeerOptions options)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        command.Append(culture, $" -ScrubRate {options.ScrubBytesPerSecond}");
        if (options.QuotaBytes is { } quota)
        {
            command.Append(culture, $" -Quota {quota}");
        }

        if (options.MinimumFreeBytes is { } minimum)
        {
            command.Append(culture, $" -MinimumFreeSpace {minimum}");
        }
    }
}
