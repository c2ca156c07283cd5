using Dfss.Transfer;

namespace Dfss;

/// <summary>One chunk of a stored file, and the peers that have it.</summary>
public sealed class DfssChunkInfo
{
    internal DfssChunkInfo(StoredFile file, ChunkHealth chunk)
    {
        Name = file.Name;
        StoredName = file.Record.Name;
        Index = chunk.Index!.Value;
        Id = chunk.Id.ToString();
        Length = chunk.Length;
        Peers = AddressesOf(chunk.Holders);
    }

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>
    /// The name that the peers have: another than <see cref="Name"/> where that one is hidden from them.
    /// </summary>
    public string StoredName { get; }

    /// <summary>The chunk's place in the file, from 0.</summary>
    public int Index { get; }

    /// <summary>The SHA-256 of its bytes: 64 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Its length in bytes.</summary>
    public int Length { get; }

    /// <summary>The peers that report it, by an address of each, in the order of the file's home.</summary>
    public IReadOnlyList<string> Peers { get; }

    /// <summary>The file's name and the chunk's index, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(FormattableString.Invariant($"{Name}[{Index}]"));

    /// <summary>An address of each.</summary>
    internal static DisplayList<string> AddressesOf(IEnumerable<HomeMember> members) =>
        new(members.Select(member => member.DisplayName));
}
