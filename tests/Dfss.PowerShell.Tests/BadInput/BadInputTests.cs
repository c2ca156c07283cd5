using System.Management.Automation;
using Xunit;

namespace Dfss.Tests.BadInput;

/// <summary>
/// What every bad input meets: an error with a stable id, a category and a target, that says what, where and what to
/// do; nothing half-written, nothing committed. The files of a test are in <c>in</c>, and its destination is
/// <c>out</c>.
/// </summary>
public abstract class BadInputTests : IDisposable
{
    private readonly Session session = new();

    /// <param name="store">The store of the peer; null for one in memory.</param>
    private protected BadInputTests(string? store = null)
    {
        Folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
        session.Runspace.SessionStateProxy.Path.SetLocation(Folder);
        Directory.CreateDirectory(In(string.Empty));
        Directory.CreateDirectory(Out(string.Empty));
        File.WriteAllText(In("good.txt"), "good");
        Peer = StartPeer(store);
        Set("peer", Peer);
    }

    private protected string Folder { get; }

    /// <summary>The address of a peer, which is $peer.</summary>
    private protected string Peer { get; }

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        CleanUp();
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>What is to go before the folder does.</summary>
    private protected virtual void CleanUp()
    {
    }

    private protected string In(string name) => Path.Combine(Folder, "in", name);

    private protected string Out(string name) => Path.Combine(Folder, "out", name);

    private protected void Set(string variable, object? value) =>
        session.Runspace.SessionStateProxy.SetVariable(variable, value);

    private protected Result Run(string script) => session.Run(script);

    /// <summary>Starts a peer with this store, or one in memory; gives its address.</summary>
    private protected string StartPeer(string? store = null) =>
        session.Run($"Start-DfssPeer {store ?? "-InMemory"} -Port 0").As<DfssPeerInfo>()[0].Endpoint;

    /// <summary>Sends a file of random bytes; gives its path.</summary>
    private protected string Send(
        string name, int length = 1000, string peers = "$peer", int chunkSize = DfssLimits.DefaultChunkSize,
        string more = "")
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        File.WriteAllBytes(In(name), content);
        session.Run(
            $"Send-DfssFile -LiteralPath 'in/{name}' -Peer {peers} -ChunkSize {chunkSize} {more}").ThrowIfFailed();
        return In(name);
    }

    /// <summary>The one error of a command, which goes on with its other inputs: it gives this many results.</summary>
    private protected ErrorRecord Fails(string script, int results = 0)
    {
        Result result = session.Run($"try {{ {script} }} catch {{ throw }}");
        Assert.True(result.Ending is null, $"It ended with {result.Ending?.Message}");
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal(results, result.Output.Count);
        return error;
    }

    /// <summary>The error that ends a command.</summary>
    private protected ErrorRecord Ends(string script) => session.RunUntilError(script);

    /// <summary>Checks an error; gives its message, without what to do.</summary>
    private protected static string Check(
        ErrorRecord error, string id, ErrorCategory category, object? target, params string[] mentioned)
    {
        Assert.Equal(id, Result.IdOf(error));
        Assert.Equal(category, error.CategoryInfo.Category);
        Assert.Equal(target, error.TargetObject);
        string message = error.ErrorDetails.Message;
        string action = error.ErrorDetails.RecommendedAction;
        Assert.Equal($"{message} {action}", error.Exception.Message);
        Assert.Matches(@"^[A-Z].*\.$", action);
        Assert.DoesNotContain(action, message, StringComparison.Ordinal);
        Assert.All(mentioned, text => Assert.Contains(text, message, StringComparison.Ordinal));
        return message;
    }

    /// <summary>Checks that this name means nothing to the peer.</summary>
    private protected void IsUnknown(string name, string peer = "$peer")
    {
        Set("unknown", name);
        ErrorRecord error = Fails($"Get-DfssFileInfo -LiteralName $unknown -Peer {peer}");
        Check(error, "FileNotFound", ErrorCategory.ObjectNotFound, name, name);
    }

    /// <summary>Checks that these, and nothing else, are at the destination.</summary>
    private protected void IsAtDestination(params string[] names) =>
        Assert.Equal(names.Order(), Directory.GetFileSystemEntries(Out(string.Empty)).Select(Path.GetFileName).Order());

    /// <summary>Checks that the peer has these files and no others.</summary>
    private protected void IsStored(params string[] names) => Assert.Equal(
        names.Order(StringComparer.Ordinal),
        session.Run("Get-DfssFileInfo -Peer $peer").As<DfssFileInfo>().Select(file => file.Name));
}
