namespace Dfss;

/// <summary>A folder of a drive: the stored files whose names begin with its name and '/'.</summary>
public sealed class DfssFolderInfo
{
    internal DfssFolderInfo(string folder, long files, long length, DateTime? lastWriteTime)
    {
        Folder = folder;
        Files = files;
        Length = length;
        LastWriteTime = lastWriteTime;
    }

    /// <summary>The name, without '/' at its end.</summary>
    public string Folder { get; }

    /// <summary>
    /// What the names of its files begin with: the name, and '/'. The commands for stored files bind it as a name; no
    /// file has one that ends so, whatever wildcards are in it.
    /// </summary>
    public string Name => Folder.Length == 0 ? Folder : Folder + '/';

    /// <summary>How many files are in it, and in the folders below it.</summary>
    public long Files { get; }

    /// <summary>Their length in bytes, together.</summary>
    public long Length { get; }

    /// <summary>When the one that was written last was written, in local time; null where there is none.</summary>
    public DateTime? LastWriteTime { get; }

    /// <summary>The name, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(Folder);
}
