using System.Management.Automation;
using System.Management.Automation.Host;
using System.Net;
using System.Security;

namespace Dfss.Commands;

/// <summary>
/// The passphrase of an authority's key: from a parameter, else from an environment variable, else typed by the user.
/// </summary>
internal static class ClusterPassphrase
{
    /// <summary>The environment variable with the passphrase, for unattended use.</summary>
    internal const string Variable = "DFSS_CLUSTER_PASSPHRASE";

    /// <summary>
    /// 12: an attacker with a copy of the key's file can try millions of passphrases; twelve characters that are no
    /// known phrase withstand that.
    /// </summary>
    internal const int MinCharacters = 12;

    /// <summary>Finds the passphrase.</summary>
    /// <param name="cmdlet">The cmdlet that needs it.</param>
    /// <param name="given">The parameter.</param>
    /// <param name="isNew">Whether the user must type it twice.</param>
    /// <exception cref="CmdletException">PassphraseMissing, PassphrasesDiffer.</exception>
    internal static async Task<string> ReadAsync(DfssCmdlet cmdlet, SecureString? given, bool isNew)
    {
        (CmdletException? wrong, string? passphrase) = await cmdlet.InvokeAsync(() =>
            (TryRead(cmdlet, given, isNew, out string? found), found)).ConfigureAwait(false);
        return wrong is null ? passphrase! : throw wrong;
    }

    private static CmdletException? TryRead(PSCmdlet cmdlet, SecureString? given, bool isNew, out string? passphrase)
    {
        passphrase = given is not null ? ToText(given) : Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrEmpty(passphrase))
        {
            return null;
        }

        if (given is not null || Ask(cmdlet, "Passphrase of the cluster's authority: ") is not { Length: > 0 } typed)
        {
            return ClusterErrors.PassphraseMissing();
        }

        passphrase = ToText(typed);
        return isNew && Ask(cmdlet, "The same once more: ") is { } again && ToText(again) != passphrase
            ? ClusterErrors.PassphrasesDiffer()
            : null;
    }

    /// <summary>The text of a secret; keep it no longer than needed.</summary>
    internal static string ToText(SecureString secret) => new NetworkCredential(string.Empty, secret).Password;

    /// <summary>Prompts the user; null where the host cannot prompt.</summary>
    private static SecureString? Ask(PSCmdlet cmdlet, string question)
    {
        try
        {
            PSHostUserInterface? screen = cmdlet.Host?.UI;
            screen?.Write(question);
            return screen?.ReadLineAsSecureString();
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotImplementedException
            or NotSupportedException or HostException)
        {
            // -NonInteractive, or a host without a screen.
            return null;
        }
    }
}
