using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Dfss.Storage;

/// <summary>A set of chunk ids without false negatives and with rare false positives (a Bloom filter): 16 to 32 bits a
/// chunk, whatever the number of files. With 4 probes the false-positive rate is less than 1 in 400; the salt is new
/// each time, so that the next collection gets the missed chunks.</summary>
internal sealed class ChunkFilter
{
    private const int BitsPerChunk = 16;
    private const int MinBits = 1 << 16;

    private readonly ulong[] bits;
    private readonly ulong[] salts = new ulong[4];
    private readonly int shift;

    /// <summary>Makes an empty set.</summary>
    /// <param name="chunkCount">About how many ids it is for; more only make it less sharp.</param>
    public ChunkFilter(long chunkCount)
    {
        ulong size = BitOperations.RoundUpToPowerOf2((ulong)Math.Max(MinBits, chunkCount * BitsPerChunk));
        bits = new ulong[size / 64];
        shift = 64 - BitOperations.TrailingZeroCount(size);
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(salts.AsSpan()));
    }

    /// <summary>Adds an id.</summary>
    public void Add(ChunkId id)
    {
        Span<ulong> words = stackalloc ulong[salts.Length];
        id.CopyTo(MemoryMarshal.AsBytes(words));
        for (int i = 0; i < words.Length; i++)
        {
            ulong bit = BitOf(words[i], i);
            bits[bit >> 6] |= 1UL << (int)(bit & 63);
        }
    }

    /// <summary>False: certainly not a member.</summary>
    public bool MayContain(ChunkId id)
    {
        Span<ulong> words = stackalloc ulong[salts.Length];
        id.CopyTo(MemoryMarshal.AsBytes(words));
        for (int i = 0; i < words.Length; i++)
        {
            ulong bit = BitOf(words[i], i);
            if ((bits[bit >> 6] & (1UL << (int)(bit & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    // Ids are hashes already; the odd factor makes the choice of bits a new one for each salt.
    private ulong BitOf(ulong word, int index) => (word * (salts[index] | 1)) >> shift;
}
