using System.Globalization;

namespace Dfss;

/// <summary>
/// A version of a stored file that can be received: the current one, or an earlier one that is kept.
/// </summary>
public sealed class DfssFileVersion
{
    internal DfssFileVersion(FileRecord record)
    {
        Name = record.Name;
        Version = record.Version;
        Length = record.ContentLength;
        IsEncrypted = record.Encryption is not null;
        LastWriteTime = record.Modified.ToDateTime().ToLocalTime();
        FileId = record.FileId.ToString();
        Replicas = record.Replicas;
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>The name that the peers have; for commands that take this object, which use it literally.</summary>
    public string StoredName => Name;

    /// <summary>Which version.</summary>
    public long Version { get; }

    /// <summary>The same; for commands that take this object, which work on this version.</summary>
    public long OfVersion => Version;

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>
    /// When the file was last written before it was sent, in local time; a time outside the years 1 to 9999 is shown as
    /// the first or the last time of those years.
    /// </summary>
    public DateTime LastWriteTime { get; }

    /// <summary>The content: the SHA-256 of the manifest. 64 hexadecimal digits.</summary>
    public string FileId { get; }

    /// <summary>Whether it is encrypted, so that the peers cannot read it.</summary>
    public bool IsEncrypted { get; }

    /// <summary>How many peers hold each chunk.</summary>
    public int Replicas { get; }

    /// <summary>The version's number.</summary>
    public override string ToString() => Version.ToString(CultureInfo.InvariantCulture);
}
