using System.Diagnostics;
using System.Management.Automation;
using System.Net.NetworkInformation;
using Dfss.Testing;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.EarlyEnds;

/// <summary>How a command ends early.</summary>
public enum EndKind
{
    /// <summary>Ctrl+C.</summary>
    Stop,

    /// <summary>What is downstream says break.</summary>
    Break,

    /// <summary>What is downstream throws.</summary>
    Throw,

    /// <summary>A non-terminating error, and -ErrorAction Stop.</summary>
    ErrorAction,
}

/// <summary>
/// A session, a peer that stands still at a chosen request, and what must be true after a command has ended early: no
/// connection, no progress bar, no file.
/// </summary>
internal sealed class EarlyEnd : IAsyncDisposable
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(60);

    private readonly RecordingHost host = new();

    private EarlyEnd(HeldPeer peer)
    {
        Peer = peer;
        Session = new Session(host);
        Directory.CreateDirectory(In);
        Directory.CreateDirectory(Out);
        Session.Runspace.SessionStateProxy.Path.SetLocation(Folder.FullName);
        Set("peer", peer.Address.ToString());
        Set("store", peer.StoreAddress.ToString());
    }

    public HeldPeer Peer { get; }

    public Session Session { get; }

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("dfss-test-");

    public string In => Path.Combine(Folder.FullName, "in");

    public string Out => Path.Combine(Folder.FullName, "out");

    public static async Task<EarlyEnd> StartAsync() => new(await HeldPeer.StartAsync());

    public async ValueTask DisposeAsync()
    {
        Session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        Session.Dispose();
        await Peer.DisposeAsync();
        Folder.Delete(recursive: true);
    }

    public void Set(string name, object? value) => Session.Runspace.SessionStateProxy.SetVariable(name, value);

    /// <summary>A file whose every byte, and so every chunk, says whose it is.</summary>
    public byte[] MakeFile(string name, byte content, int length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, content);
        File.WriteAllBytes(Path.Combine(In, name), bytes);
        return bytes;
    }

    /// <summary>
    /// Runs a command until a request is held, ends it in this way, and checks that it ends within a second and leaves
    /// nothing.
    /// </summary>
    /// <param name="kind">How it ends.</param>
    /// <param name="command">A command whose first result, or error, comes before the held request's.</param>
    /// <param name="hasProgress">Whether to wait for its progress before it is ended.</param>
    /// <param name="reached">When to end it; null for when the peer holds a request.</param>
    public async Task RunAsync(EndKind kind, string command, bool hasProgress = true, Task? reached = null)
    {
        // A busy downstream takes no progress either.
        Task ready = hasProgress && kind == EndKind.Stop
            ? Task.WhenAll(reached ?? Peer.Reached, host.Recorded.NextAsync())
            : reached ?? Peer.Reached;
        Set("reached", ready);
        using PlainScript plain = await PlainScript.StartAsync();
        using Engine engine = Session.Create();
        engine.AddScript(kind switch
        {
            EndKind.Break =>
                $"foreach ($once in 1) {{ {command} | ForEach-Object {{ $null = $reached.Wait(60000); break }} }}",
            EndKind.Throw => $"{command} | ForEach-Object {{ $null = $reached.Wait(60000); throw 'enough' }}",
            EndKind.ErrorAction => $"{command} -ErrorAction Stop",
            _ => command,
        });
        using PSDataCollection<PSObject> output = [];
        IAsyncResult running = engine.BeginInvoke<PSObject, PSObject>(null, output);
        await ready.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
        var watch = Stopwatch.StartNew();
        plain.BeginStop();
        if (kind == EndKind.Stop)
        {
            await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        }

        Exception? ending = await Record.ExceptionAsync(() =>
            Task.Factory.FromAsync(running, engine.EndInvoke).WaitAsync(TimeLimit));
        TimeSpan took = watch.Elapsed;
        AssertKind(kind, ending);
        await plain.AssertWithinASecondAsync(took);
        await AssertNothingIsLeftAsync();
    }

    private static void AssertKind(EndKind kind, Exception? ending)
    {
        switch (kind)
        {
            case EndKind.Stop:
                Assert.IsType<PipelineStoppedException>(ending);
                break;
            case EndKind.Break:
                Assert.Null(ending);
                break;
            case EndKind.Throw:
                Assert.Equal("enough", Assert.IsType<RuntimeException>(ending).Message);
                break;
            default:
                Assert.IsType<ActionPreferenceStopException>(ending);
                break;
        }
    }

    private async Task AssertNothingIsLeftAsync()
    {
        // What has a whole chunk is kept, and nothing else.
        Assert.All(
            Directory.GetFileSystemEntries(Out),
            path => Assert.EndsWith("b.dfss-part", path, StringComparison.Ordinal));
        Assert.Empty(host.Recorded.Standing);

        // Of this process: a connection that it holds open to the peer, whatever the peer thinks of it.
        Assert.DoesNotContain(
            IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections(),
            connection => connection.RemoteEndPoint.Port == Peer.Address.Port
                && connection.State is TcpState.Established or TcpState.SynSent);
        Peer.Release();
        await Peer.WhenDeserted.WaitAsync(TimeLimit, TestContext.Current.CancellationToken);
    }
}
