using System.Management.Automation;

namespace Dfss;

/// <summary>Credentials as given to a command: the object itself, or the name of a secret that has it.</summary>
public sealed class DfssCredentialSource
{
    internal DfssCredentialSource(PSCredential credential) => Credential = credential;

    internal DfssCredentialSource(string secretName) => SecretName = secretName;

    internal PSCredential? Credential { get; }

    /// <summary>The name of the secret; empty where the credentials themselves are given.</summary>
    internal string SecretName { get; } = string.Empty;

    /// <summary>What was given, without the name: that may be a secret which was given by mistake.</summary>
    public override string ToString() => Credential is null ? "the name of a secret" : nameof(PSCredential);
}
