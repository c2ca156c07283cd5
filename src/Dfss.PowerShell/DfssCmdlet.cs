using System.Management.Automation;
using System.Security;

namespace Dfss.Commands;

/// <summary>What all cmdlets of DFSS share: failures become error records with stable ids.</summary>
public abstract class DfssCmdlet : AsyncCmdlet
{
    /// <inheritdoc/>
    private protected sealed override ErrorRecord? ToTerminatingError(Exception exception) => exception switch
    {
        CmdletException ending => ending.Error,
        DfssException failure => ErrorRecords.Create(failure, EndingTarget(failure)),
        _ => null,
    };

    /// <summary>What a failure that ends the cmdlet is about; null where that is not known.</summary>
    private protected virtual object? EndingTarget(DfssException failure) => null;

    /// <summary>Takes a warning from any thread.</summary>
    private protected void TakeWarning(string text) => _ = WriteWarningAsync(text);

    /// <summary>Takes a verbose line from any thread.</summary>
    private protected void TakeVerbose(string text) => _ = WriteVerboseAsync(text);

    /// <summary>Takes a debug line from any thread.</summary>
    private protected void TakeDebug(string text) => _ = WriteDebugAsync(text);

    /// <summary>What is said of the certificate that the cmdlet shows.</summary>
    private protected CertificateNotices Notices => new(TakeVerbose, TakeWarning);

    /// <summary>The passphrase of a cluster's authority: what is given, of the environment, or typed.</summary>
    /// <exception cref="CmdletException">PassphraseMissing, PassphrasesDiffer.</exception>
    private protected async Task<string> ReadPassphraseAsync(SecureString? given, bool isNew)
    {
        (CmdletException? wrong, string? passphrase) = await InvokeAsync(() =>
            (ClusterPassphrase.TryRead(this, given, isNew, out string? found), found)).ConfigureAwait(false);
        return wrong is null ? passphrase! : throw wrong;
    }

    /// <summary>Whether a stream is shown: its switch decides, else its preference variable. On the pipeline thread
    /// only.</summary>
    private protected bool IsWanted(string stream)
    {
        if (MyInvocation.BoundParameters.TryGetValue(stream, out object? given))
        {
            return given is SwitchParameter { IsPresent: true };
        }

        return LanguagePrimitives.TryConvertTo(GetVariableValue($"{stream}Preference"), out ActionPreference preference)
            && preference is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    /// <summary>Whether a parameter of one text has the same for the whole command. A script block is none: PowerShell
    /// lists the parameter as bound from the start, and sets its property for each object of the pipeline. To be asked
    /// before the first input.</summary>
    private protected bool IsFixed(string parameter) =>
        MyInvocation.BoundParameters.TryGetValue(parameter, out object? given) && given is string;

    /// <summary>Whether the command only says what it would do. On the pipeline thread only.</summary>
    private protected bool IsWhatIf() => MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given)
        ? given is SwitchParameter { IsPresent: true }
        : LanguagePrimitives.IsTrue(GetVariableValue("WhatIfPreference"));

    /// <summary>Resolves a path on the pipeline thread; what cannot be resolved is written as an error.</summary>
    private protected async Task<IReadOnlyList<string>> ResolveAsync(
        string path, PathKind kind, bool includesHidden = false)
    {
        FileSystemPath resolved = await InvokeAsync(() =>
            FileSystemPath.Resolve(this, path, kind, includesHidden)).ConfigureAwait(false);
        foreach (ErrorRecord error in resolved.Errors)
        {
            await WriteErrorAsync(error).ConfigureAwait(false);
        }

        return resolved.Paths;
    }

    /// <summary>Resolves a path that need not exist, on the pipeline thread; one that cannot be resolved ends the
    /// cmdlet.</summary>
    private protected async Task<string> ResolveNewAsync(string path)
    {
        FileSystemPath resolved =
            await InvokeAsync(() => FileSystemPath.Resolve(this, path, PathKind.New)).ConfigureAwait(false);
        return resolved.Errors is [{ } error, ..] ? throw new CmdletException(error) : resolved.Paths[0];
    }
}
