using System.Management.Automation;
using System.Security;

namespace Dfss.Commands;

/// <summary>
/// Accepts a secret also as a string, and keeps it as a SecureString, so that no list of bound parameters shows it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SecretArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (given is null or SecureString)
        {
            return given;
        }

        if (given is not string text)
        {
            // Not the value's text, which may be the secret.
            throw new ArgumentTransformationMetadataException(
                $"This parameter takes a string or a SecureString, not a {given.GetType()}.");
        }

        SecureString secret = new();
        foreach (char character in text)
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }
}
