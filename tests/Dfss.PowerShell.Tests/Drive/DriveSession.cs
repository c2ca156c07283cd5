using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Dfss.Commands;
using Dfss.Transfer;

namespace Dfss.Tests.Drive;

/// <summary>
/// A session with a drive D. The bare engine has no New-PSDrive, so the drive is made as that makes it.
/// </summary>
internal sealed class DriveSession : IDisposable
{
    public DriveSession() => Session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();

    public Session Session { get; } = new();

    private SessionStateProxy State => Session.Runspace.SessionStateProxy;

    /// <summary>A drive of the peers that the session runs.</summary>
    public void MakeDrive(string name, string root = "") => Add(Ask(name, root));

    /// <summary>A drive of other peers.</summary>
    public void MakeDrive(string name, params PeerAddress[] peers) => MakeDrive(name, string.Empty, peers);

    /// <summary>The same with a root.</summary>
    public void MakeDrive(string name, string root, params PeerAddress[] peers) =>
        MakeDrive(name, root, new TransferOptions(), peers);

    /// <summary>The same with options of the client.</summary>
    /// <returns>What its client says.</returns>
    public DriveMessages MakeDrive(string name, string root, TransferOptions options, params PeerAddress[] peers)
    {
        var messages = new DriveMessages(options.TimeProvider, $"{name}:");
        var client = new DfssClient(
            [.. peers], options with { Warning = messages.Warn, Verbose = messages.Tell });
        Add(DfssDriveInfo.Create(Ask(name, root), new DriveStore(client, messages, ClusterChoice.None)));
        return messages;
    }

    /// <summary>Stores each name with itself as its content.</summary>
    public void Store(params string[] names)
    {
        foreach (string name in names)
        {
            Session.Run(
                // A path of a drive has its own peers.
                name.StartsWith("d:", StringComparison.Ordinal)
                    ? "Set-DfssContent $name $name -NoNewline"
                    : "Set-DfssContent $name $name -NoNewline -Peer $peer",
                ("name", name)).ThrowIfFailed();
        }
    }

    /// <summary>The names that are stored.</summary>
    public IReadOnlyList<string> Names() =>
        [.. Session.Run("Get-DfssFileInfo -Peer $peer").As<DfssFileInfo>().Select(file => file.Name)];

    /// <summary>Runs a script, in which $item, $child and $content are the engine's own commands for items.</summary>
    public Result Run(string script, params (string Name, object? Value)[] variables) => Session.Run(
        "$provider = $ExecutionContext.InvokeProvider; $item = $provider.Item; $child = $provider.ChildItem; "
            + $"$content = $provider.Content; {script}",
        variables);

    /// <summary>
    /// The same by a command, whose warnings and progress are seen; a script alone has none. With its parameters, for
    /// example -WarningAction Stop.
    /// </summary>
    public Result RunAsCommand(string script, string parameters = "") =>
        Run($"& {{ [CmdletBinding()] param() {script} }} {parameters}");

    public void Dispose()
    {
        Session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        Session.Dispose();
    }

    /// <summary>A drive.</summary>
    public DfssDriveInfo Find(string name) => (DfssDriveInfo)State.Drive.Get(name);

    private void Add(PSDriveInfo drive) => Session.Run(
        "$null = $ExecutionContext.SessionState.Drive.New($drive, 'Global')", ("drive", drive)).ThrowIfFailed();

    private PSDriveInfo Ask(string name, string root) =>
        new(name, State.Provider.GetOne("Dfss"), root, string.Empty, credential: null);
}
