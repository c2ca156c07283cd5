namespace Dfss.Transfer;

/// <summary>
/// Which members of a home hold which chunk: chunk i starts at member floor(i / run) mod n, and its R copies are on the
/// first R members of the ring from there that can take it. Readers walk the same ring.
/// </summary>
/// <param name="MemberCount">n, the members of the home.</param>
/// <param name="Replicas">R, the copies of each chunk.</param>
/// <param name="Run">How many consecutive chunks share a member.</param>
internal readonly record struct Placement(int MemberCount, int Replicas, int Run)
{
    /// <summary>The member at <paramref name="step"/> (0 to n-1) of a chunk's ring.</summary>
    public int MemberAt(int chunkIndex, int step) => (int)((((long)chunkIndex / Run) + step) % MemberCount);

    /// <summary>
    /// A new name's home: the peers as listed, rotated by the name's SHA-256, so that small files are not all on the
    /// first one.
    /// </summary>
    public static IReadOnlyList<T> Rotate<T>(IReadOnlyList<T> peers, string name)
    {
        Span<byte> digest = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name), digest);
        int start = (int)(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(digest) % (uint)peers.Count);
        return [.. peers.Skip(start), .. peers.Take(start)];
    }
}
