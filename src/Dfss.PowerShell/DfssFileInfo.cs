using Dfss.Transfer;

namespace Dfss;

/// <summary>A stored file. Carries its record, so that it can be received or compared without naming peers
/// again.</summary>
public sealed class DfssFileInfo
{
    internal DfssFileInfo(StoredFile file, string? sourcePath = null)
    {
        File = file;
        SourcePath = sourcePath;
        FileRecord record = file.Record;
        Recipients = new DisplayList<string>(file.RecipientKeyIds);
        LastWriteTime = record.Modified.ToDateTime().ToLocalTime();
        FileId = record.FileId.ToString();
        Chunks = FileManifest.CountChunks(record.Length, record.ChunkSize);
        UnixMode = record.UnixMode is { } mode ? Convert.ToString(mode, 8).PadLeft(4, '0') : null;
        Peers = new DisplayList<string>(record.Home.Select(member => member.DisplayName));
        Versions = new DisplayList<DfssFileVersion>(record.Previous
            .Select(earlier => file.AtVersion(earlier.Version).Record).Prepend(record)
            .Select(version => new DfssFileVersion(version)));
        StoreIds = new DisplayList<string>(
            record.Home.Select(member => member.StoreId?.ToString() ?? string.Empty));
    }

    /// <summary>The name; case-sensitive. Of one that is hidden from the peers, the real one, where it was opened with
    /// its key.</summary>
    public string Name => File.Name;

    /// <summary>The name that the peers have: another than <see cref="Name"/> where that one is hidden from
    /// them.</summary>
    public string StoredName => File.Record.Name;

    /// <summary>The full path of the local file that was sent; null for an object of another command than
    /// Send-DfssFile.</summary>
    public string? SourcePath { get; }

    /// <summary>Whether Send-DfssFile has left the stored file as it was, because the local one is unchanged
    /// (-SkipUnchanged, -Checksum).</summary>
    public bool Skipped { get; internal init; }

    /// <summary>The length in bytes.</summary>
    public long Length => File.Record.ContentLength;

    /// <summary>When the file was last written before it was sent, in local time; a time outside the years 1 to 9999 is
    /// shown as the first or the last time of those years.</summary>
    public DateTime LastWriteTime { get; }

    /// <summary>1 for the name's first record, and one more for each change.</summary>
    public long Version => File.Record.Version;

    /// <summary>
    /// The same where it is an earlier version (Get-DfssFileInfo -Version), for commands that take this object, which
    /// work on this version; else null.
    /// </summary>
    public long? OfVersion => File.Newest is null ? null : Version;

    /// <summary>The versions that can be received: this one, and the earlier ones that are kept, newest
    /// first.</summary>
    public IReadOnlyList<DfssFileVersion> Versions { get; }

    /// <summary>Whether the name was removed (Get-DfssFileInfo -Removed): then this is the last file that it had, which
    /// Restore-DfssFile brings back.</summary>
    public bool IsRemoved => File.IsRemoved;

    /// <summary>The content: the SHA-256 of the manifest, which has the SHA-256 of every chunk. 64 hexadecimal
    /// digits.</summary>
    public string FileId { get; }

    /// <summary>Whether it is encrypted, so that the peers cannot read it.</summary>
    public bool IsEncrypted => File.Record.Encryption is not null;

    /// <summary>The ids of the keys that an encrypted file can be read with; empty for one that is not
    /// encrypted.</summary>
    public IReadOnlyList<string> Recipients { get; }

    /// <summary>The length in bytes of every stored chunk but the last; 28 of them are no content where the file is
    /// encrypted.</summary>
    public int ChunkSize => File.Record.ChunkSize;

    /// <summary>How many chunks the file has; 0 for an empty one.</summary>
    public long Chunks { get; }

    /// <summary>How many peers hold each chunk.</summary>
    public int Replicas => File.Record.Replicas;

    /// <summary>The fewest peers at which any chunk is known to be; null if no peer was asked. Send-DfssFile and
    /// Get-DfssFileInfo -Detailed fill it.</summary>
    public int? PresentReplicas => File.PresentReplicas;

    /// <summary>The permission bits of the source in octal, for example 0644; null where it had none.</summary>
    public string? UnixMode { get; }

    /// <summary>The peers that hold the file, by an address of each; the order is the home's.</summary>
    public IReadOnlyList<string> Peers { get; }

    /// <summary>The ids of the stores that hold the file; empty text for a peer that did not answer when the name was
    /// made.</summary>
    public IReadOnlyList<string> StoreIds { get; }

    /// <summary>Whether a majority of the file's peers stood behind this when it was read.</summary>
    public bool IsCurrent => File.IsCurrent;

    internal StoredFile File { get; }

    /// <summary>The name, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(Name);
}
