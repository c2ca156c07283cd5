using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Accepts credentials as an object, or the name of a secret that has one. PowerShell's own [Credential()] takes a text
/// for a user name and asks for a password, which a script cannot answer. Nothing is read here: with -WhatIf no
/// vault is asked.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CredentialArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        TextArgumentAttribute.RefuseScriptBlock(inputData);
        return (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            null => null,
            DfssCredentialSource source => source,
            PSCredential credential => new DfssCredentialSource(credential),
            string { Length: > 0 } name => new DfssCredentialSource(name),
            string => throw new ArgumentTransformationMetadataException(
                "The name of a secret is empty. Give the name of one, or a PSCredential."),
            object other => throw new ArgumentTransformationMetadataException(
                $"A {other.GetType().Name} is not accepted here. Give a PSCredential, or the name of a secret of "
                    + "SecretManagement that is one."),
        };
    }
}
