using System.Security;
using Dfss.Encryption;

namespace Dfss;

/// <summary>
/// A key that files are encrypted and decrypted with. Neither its display nor what survives remoting or Export-Clixml
/// reveals the key.
/// </summary>
public sealed class DfssEncryptionKey
{
    internal DfssEncryptionKey(EncryptionKey key, string? path)
    {
        Key = key;
        Path = path;
    }

    /// <summary>
    /// Which key it is, as Get-DfssFileInfo shows it in Recipients: 32 hexadecimal digits. No secret.
    /// </summary>
    public string KeyId => Key.KeyId;

    /// <summary>The file that the key is in; null for one that is in this object alone.</summary>
    public string? Path { get; }

    internal EncryptionKey Key { get; }

    /// <summary>The key's text, to be kept in a vault; -EncryptionKey takes it.</summary>
    public SecureString ToSecureString()
    {
        var secret = new SecureString();
        foreach (char character in Key.ToSecretText())
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }

    /// <summary>The key's id.</summary>
    public override string ToString() => KeyId;
}
