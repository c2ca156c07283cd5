using Dfss.Encryption;

namespace Dfss.Security;

/// <summary>The file of an encryption key: its text, one line, readable for the user who made it alone.</summary>
public static class EncryptionKeyFile
{
    /// <summary>Makes the file.</summary>
    /// <exception cref="DfssException">DestinationExists: it is never written over. DestinationUnwritable.</exception>
    public static Task CreateAsync(string path, EncryptionKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        return PrivateFile.CreateAsync(path, key.ToSecretText() + "\n", cancellationToken);
    }
}
