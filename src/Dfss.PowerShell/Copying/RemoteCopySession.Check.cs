using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Dfss.Commands;

/// <content>Whether the other side can run the code of a copy.</content>
internal sealed partial class RemoteCopySession
{
    private static readonly Version OldestVersion = new(7, 6);

    private void ThrowIfNotOpen()
    {
        if (session.Runspace.RunspaceStateInfo.State != RunspaceState.Opened
            || session.Runspace.RunspaceAvailability != RunspaceAvailability.Available)
        {
            throw Refuse(
                "SessionNotOpen", ErrorCategory.ConnectionError,
                $"The session '{session.Name}' is {session.Runspace.RunspaceStateInfo.State}, "
                    + $"{session.Runspace.RunspaceAvailability}, and cannot run a command.",
                "Give a session that is open, and runs no other command.");
        }
    }

    /// <summary>Whether what runs there is new enough, and has the full language.</summary>
    private void ThrowIfNotFit(Hashtable state)
    {
        string version = RemoteText.Show($"{state["Version"]}");
        if (!Version.TryParse(version.Split('-')[0], out Version? number) || number < OldestVersion)
        {
            throw Refuse(
                "RemoteTooOld", ErrorCategory.NotImplemented,
                $"The session '{session.Name}' runs PowerShell {version}; a copy needs PowerShell 7.6 or newer there.",
                "Install PowerShell 7.6 there and connect to it (New-PSSession -ConfigurationName PowerShell.7, or "
                    + "over ssh), or use Copy-Item.");
        }

        if (!string.Equals($"{state["Mode"]}", "FullLanguage", StringComparison.Ordinal))
        {
            throw Restricted(RemoteText.Show($"Its language mode is {state["Mode"]}."));
        }
    }

    /// <summary>What runs there, by a script for every version.</summary>
    private async Task<Hashtable> ProbeAsync(CancellationToken cancellationToken)
    {
        using System.Management.Automation.PowerShell command = Create(RemoteScripts.Probe);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((System.Management.Automation.PowerShell)state!).BeginStop(callback: null, state: null),
            command);
        try
        {
            using PSDataCollection<PSObject> found = await Task.Factory.FromAsync(
                command.BeginInvoke(), command.EndInvoke).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return found is [{ BaseObject: Hashtable state }]
                ? state
                : throw Restricted("It did not say which PowerShell it is.");
        }
        catch (RemoteException error)
        {
            throw Restricted(RemoteText.ShowMessage(error.Message));
        }
        catch (Exception error) when (IsOfBrokenSession(error) && error is not PipelineStoppedException)
        {
            throw Gone(error.Message);
        }
    }

    private CmdletException Restricted(string reason) => Refuse(
        "RemoteRestricted", ErrorCategory.PermissionDenied,
        $"The session '{session.Name}' does not let a copy load its code there. {reason}",
        "Connect to an endpoint with the full language, or use Copy-Item.");

    private CmdletException Refuse(string id, ErrorCategory category, string message, string action) =>
        new(ErrorRecords.Create(id, category, session, message, action));
}
