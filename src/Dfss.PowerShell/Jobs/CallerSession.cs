using System.Collections.ObjectModel;
using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Dfss.Commands;

/// <summary>
/// What a job takes over from the session that starts it: the location and the drives, so that paths mean the same, and
/// the preferences. Read and used on a pipeline thread.
/// </summary>
internal sealed class CallerSession
{
    private const string FileSystem = "FileSystem";

    private static readonly string[] Preferences =
        ["VerbosePreference", "DebugPreference", "WarningPreference", "InformationPreference",
            "ErrorActionPreference", "ProgressPreference"];

    private readonly Collection<PSDriveInfo> drives;
    private readonly string location;
    private readonly Dictionary<string, object?> preferences = [];

    internal CallerSession(PSCmdlet cmdlet)
    {
        drives = cmdlet.SessionState.Drive.GetAllForProvider(FileSystem);

        // At the location of another provider a relative path is an error, here and in the job: any one will do.
        PathInfo current = cmdlet.SessionState.Path.CurrentLocation;
        location = current.Provider.Name == FileSystem ? current.Path : "Variable:";
        foreach (string name in Preferences)
        {
            preferences[name] = cmdlet.GetVariableValue(name);
        }

        Runspace = Runspace.DefaultRunspace;
    }

    /// <summary>The runspace of the session.</summary>
    internal Runspace Runspace { get; }

    /// <summary>Makes an open runspace whose commands read paths as this session does, and ask nothing.</summary>
    internal Runspace Open(RecordedCommand command)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;
        state.Commands.Add(new SessionStateCmdletEntry(command.Name, command.CmdletType, helpFileName: null));
        state.Variables.Add(new SessionStateVariableEntry(
            RecordedCommand.Variable, command, "The command of the job"));
        Runspace runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Name = command.Name;
        runspace.Open();
        SessionStateProxy proxy = runspace.SessionStateProxy;
        foreach ((string name, object? value) in preferences)
        {
            proxy.SetVariable(name, value);
        }

        proxy.SetVariable("ConfirmPreference", ConfirmImpact.None);
        AddDrives(proxy);
        try
        {
            proxy.Path.SetLocation(WildcardPattern.Escape(location));
        }
        catch (RuntimeException exception)
        {
            // The folder is gone. A relative path is then an error of the job.
            Trace.TraceWarning($"The job has no location {location}: {exception.Message}");
            proxy.Path.SetLocation("Variable:");
        }

        return runspace;
    }

    private void AddDrives(SessionStateProxy proxy)
    {
        ProviderInfo provider = proxy.Provider.GetOne(FileSystem);
        foreach (PSDriveInfo drive in drives)
        {
            if (proxy.Drive.GetAll().Any(
                known => string.Equals(known.Name, drive.Name, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            try
            {
                proxy.Drive.New(
                    new PSDriveInfo(drive.Name, provider, drive.Root, drive.Description, drive.Credential), "global");
            }
            catch (RuntimeException exception)
            {
                // Its folder is gone. A path on it is then an error of the job.
                Trace.TraceWarning($"The job has no drive {drive.Name}: {exception.Message}");
            }
        }
    }
}
