using System.Security;

namespace Dfss;

/// <summary>
/// An encryption key as it was given to a command: the key itself, its text in a SecureString, or the path of its file.
/// </summary>
public sealed class DfssEncryptionKeySource
{
    internal DfssEncryptionKeySource(DfssEncryptionKey key) => Key = key;

    internal DfssEncryptionKeySource(SecureString secret) => Secret = secret;

    internal DfssEncryptionKeySource(string path) => Path = path;

    internal DfssEncryptionKey? Key { get; }

    internal SecureString? Secret { get; }

    /// <summary>The path; empty where there is the key or its text.</summary>
    internal string Path { get; } = string.Empty;

    /// <summary>The key's id or its path; nothing secret.</summary>
    public override string ToString() => Key?.KeyId ?? (Secret is null ? Path : "SecureString");
}
