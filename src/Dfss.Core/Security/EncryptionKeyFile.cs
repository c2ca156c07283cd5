using Dfss.Encryption;

namespace Dfss.Security;

/// <summary>The file of an encryption key: the key's text on one line, readable only by the user who made it.</summary>
public static class EncryptionKeyFile
{
    /// <summary>Creates the file.</summary>
    /// <exception cref="DfssException">
    /// DestinationExists: an existing file is never overwritten. DestinationUnwritable.
    /// </exception>
    public static async Task CreateAsync(string path, EncryptionKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        try
        {
            await PrivateFile.CreateAsync(path, key.ToSecretText() + "\n", cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.DestinationExists)
        {
            throw error.Copy(
                $"'{path}' exists. A file that may have the only copy of a key is never replaced.",
                "Name another file.");
        }
    }
}
