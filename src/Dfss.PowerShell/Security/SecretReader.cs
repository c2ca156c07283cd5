using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Reads credentials from a vault, by Get-Secret of the module SecretManagement.</summary>
internal static class SecretReader
{
    private const string Module = "Microsoft.PowerShell.SecretManagement";
    private const string Command = $"{Module}\\Get-Secret";

    /// <summary>The credentials; on the pipeline thread only.</summary>
    /// <param name="commands">The session's commands.</param>
    /// <param name="source">The credentials, or the name of the secret that has them.</param>
    /// <exception cref="CmdletException">SecretModuleMissing, SecretNotFound, SecretTypeWrong.</exception>
    internal static PSCredential Read(CommandInvocationIntrinsics commands, DfssCredentialSource source)
    {
        if (source.Credential is { } given)
        {
            return given;
        }

        string name = source.SecretName;
        CommandInfo command = commands.GetCommand(Command, CommandTypes.Cmdlet | CommandTypes.Function)
            ?? throw new CmdletException(ErrorRecords.Create(
                "SecretModuleMissing", ErrorCategory.NotInstalled, name,
                $"-Credential '{name}' is the name of a secret, and the module {Module}, which reads secrets, is not "
                    + "installed.",
                $"Install it (Install-PSResource {Module}) and a vault, and store the credentials with Set-Secret; or "
                    + "give a PSCredential: -Credential (Get-Credential)."));
        Collection<PSObject> found;
        try
        {
            found = commands.InvokeScript(
                useLocalScope: true,
                ScriptBlock.Create("param($command, $name) & $command -Name $name -ErrorAction Stop"), input: null,
                command, name);
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            throw NotFound(name, $"Get-Secret failed: {exception.Message}", exception);
        }

        return found is [{ } one] ? Take(one, name) : throw NotFound(name, "Get-Secret gave nothing.", cause: null);
    }

    private static PSCredential Take(PSObject found, string name) => found.BaseObject as PSCredential
        ?? throw new CmdletException(ErrorRecords.Create(
            "SecretTypeWrong", ErrorCategory.InvalidType, name,
            $"The secret '{name}' is a {found.BaseObject.GetType().Name}, and not a PSCredential.",
            "Store a PSCredential there with Set-Secret: its user name is the access key, and its password the "
                + "secret."));

    private static CmdletException NotFound(string name, string reason, Exception? cause) => new(ErrorRecords.Create(
        "SecretNotFound", ErrorCategory.ObjectNotFound, name,
        $"The secret '{name}' of -Credential cannot be read. {reason}",
        "List the secrets with Get-SecretInfo, and check that the vault can be opened without a question "
            + "(Test-SecretVault).",
        cause));
}
