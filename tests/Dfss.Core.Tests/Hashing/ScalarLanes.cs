using System.Buffers.Binary;
using System.Numerics;
using Dfss.Hashing;

namespace Dfss.Tests.Hashing;

/// <summary>Four lanes without vector instructions, for any processor: SHA-256 as FIPS 180-4 has it. Counts what it is
/// asked for.</summary>
internal sealed unsafe class ScalarLanes : Sha256Lanes
{
    public override string Name => "scalar, 4 lanes";

    public override int Count => 4;

    public override bool IsSupported => true;

    /// <summary>Blocks of each lane.</summary>
    public long Steps { get; private set; }

    public override void Compress(uint* state, byte** blocks, nuint count)
    {
        Steps += (long)count;
        for (int lane = 0; lane < Count; lane++)
        {
            for (nuint i = 0; i < count; i++)
            {
                Compress(state + lane, new ReadOnlySpan<byte>(blocks[lane] + (i * BlockBytes), BlockBytes));
            }
        }
    }

    private void Compress(uint* state, ReadOnlySpan<byte> block)
    {
        Span<uint> w = stackalloc uint[64];
        for (int t = 0; t < w.Length; t++)
        {
            w[t] = t < 16
                ? BinaryPrimitives.ReadUInt32BigEndian(block[(t * 4)..])
                : w[t - 16] + w[t - 7] + Sigma(w[t - 15], 7, 18, 3) + Sigma(w[t - 2], 17, 19, 10);
        }

        Span<uint> s = stackalloc uint[8];
        for (int i = 0; i < s.Length; i++)
        {
            s[i] = state[i * Count];
        }

        for (int t = 0; t < w.Length; t++)
        {
            uint first = s[7] + Sum(s[4], 6, 11, 25) + ((s[4] & s[5]) ^ (~s[4] & s[6]))
                + Sha256Constants.Rounds[t] + w[t];
            uint second = Sum(s[0], 2, 13, 22) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
            s[..7].CopyTo(s[1..]);
            s[4] += first;
            s[0] = first + second;
        }

        for (int i = 0; i < s.Length; i++)
        {
            state[i * Count] += s[i];
        }
    }

    private static uint Sum(uint x, int first, int second, int third) =>
        BitOperations.RotateRight(x, first)
        ^ BitOperations.RotateRight(x, second)
        ^ BitOperations.RotateRight(x, third);

    private static uint Sigma(uint x, int first, int second, int shift) =>
        BitOperations.RotateRight(x, first) ^ BitOperations.RotateRight(x, second) ^ (x >> shift);
}
