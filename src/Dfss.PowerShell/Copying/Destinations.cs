using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Dfss.Commands;

/// <summary>The destinations of the files of one copy: no two sources have the same.</summary>
/// <param name="ignoresCase">Whether the target takes names that differ only in case for the same.</param>
internal sealed class Destinations(bool ignoresCase)
{
    // 16 bytes of a hash, where the names of a million files would be 100 MB.
    private readonly HashSet<UInt128> taken = [];

    /// <summary>Takes the destination of a file.</summary>
    /// <returns>Whether no other source has it.</returns>
    internal bool TryTake(string name)
    {
        byte[] hash = SHA256.HashData(Encoding.Unicode.GetBytes(ignoresCase ? name.ToUpperInvariant() : name));
        return taken.Add(BinaryPrimitives.ReadUInt128LittleEndian(hash));
    }
}
