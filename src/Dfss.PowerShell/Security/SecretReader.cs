using System.Collections.ObjectModel;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Reads credentials from a vault, by Get-Secret of the module SecretManagement. Its errors have neither the name that
/// was given, which may be a secret by mistake, nor the vault's messages, which repeat it.
/// </summary>
internal static class SecretReader
{
    private const string Module = "Microsoft.PowerShell.SecretManagement";
    private const string Command = $"{Module}\\Get-Secret";
    private const string NotShown = "The name is not shown, as it may hold a secret.";

    // One of several vaults may fail while another has the secret: the errors come after it.
    private const string Script =
        """
        param($command, $name)
        try {
            & $command -Name $name -ErrorAction SilentlyContinue -ErrorVariable failures
        } catch {
            $_
        }
        $failures
        """;

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

        CommandInfo command = commands.GetCommand(Command, CommandTypes.Cmdlet | CommandTypes.Function)
            ?? throw new CmdletException(ErrorRecords.Create(
                "SecretModuleMissing", ErrorCategory.NotInstalled, target: null,
                $"A text after -Credential is the name of a secret, and the module {Module}, which reads secrets, is "
                    + $"not installed or cannot be loaded. {NotShown}",
                $"Install it (Install-PSResource {Module}) and a vault, and store the credentials with Set-Secret; or "
                    + "give a PSCredential: -Credential (Get-Credential)."));
        Collection<PSObject?> output = commands.InvokeScript(
            useLocalScope: true, ScriptBlock.Create(Script), input: null, command, source.SecretName);
        object[] values = [.. output.Select(one => one?.BaseObject).OfType<object>()];
        object[] secrets = [.. values.Where(value => FailureOf(value) is null)];
        string[] failures = [.. values.Select(FailureOf).OfType<string>().Distinct()];
        return secrets switch
        {
            [PSCredential found] => found,
            [{ } other] => throw new CmdletException(ErrorRecords.Create(
                "SecretTypeWrong", ErrorCategory.InvalidType, target: null,
                $"The secret that -Credential names is a {other.GetType().Name}, and not a PSCredential. {NotShown}",
                "Store a PSCredential there with Set-Secret: its user name is the access key, and its password the "
                    + "secret.")),
            [] => throw NotFound(
                failures is [] ? "gave nothing" : $"gave nothing and reported {string.Join(", ", failures)}",
                "List the secrets with Get-SecretInfo, and check that the vault can be opened without a question "
                    + "(Test-SecretVault). Get-Secret with the same name shows what the vault says."),
            _ => throw NotFound($"gave {secrets.Length} results", "Give the name of one secret."),
        };
    }

    /// <summary>The type of the exception of an error; null for what is none.</summary>
    private static string? FailureOf(object value) => value switch
    {
        ErrorRecord error => error.Exception.GetType().Name,
        IContainsErrorRecord failure => failure.ErrorRecord.Exception.GetType().Name,
        _ => null,
    };

    private static CmdletException NotFound(string reason, string advice) => new(ErrorRecords.Create(
        "SecretNotFound", ErrorCategory.ObjectNotFound, target: null,
        $"The secret that -Credential names cannot be read: Get-Secret {reason}. {NotShown}", advice));
}
