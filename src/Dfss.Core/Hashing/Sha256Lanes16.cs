using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dfss.Hashing;

/// <summary>16 lanes in the 512-bit registers of AVX-512.</summary>
internal sealed unsafe class Sha256Lanes16 : Sha256Lanes
{
    private const int Width = 16;

    // Truth tables for a ternary operation.
    private const byte Parity = 0x96;
    private const byte Choose = 0xCA;
    private const byte Majority = 0xE8;

    public override string Name => "AVX-512, 16 lanes";

    public override int Count => Width;

    public override bool IsSupported => Avx512F.IsSupported && Avx512BW.IsSupported;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Compress(uint* state, byte** blocks, nuint count)
    {
        byte* memory = stackalloc byte[(BlockWords * Vector512<byte>.Count) + CacheLineBytes];
        Vector512<uint>* w = (Vector512<uint>*)Align(memory);
        fixed (uint* k = Sha256Constants.Rounds)
        {
            for (nuint offset = 0; offset != count * BlockBytes; offset += BlockBytes)
            {
                for (int i = 0; i < Width; i += 4)
                {
                    LoadFour(blocks + i, offset, w + i);
                }

                for (int i = 0; i < 4; i++)
                {
                    TransposeQuarters(w + i);
                }

                RunRounds((Vector512<uint>*)state, w, k);
            }
        }
    }

    /// <summary>The 64 rounds of one block. The words of the state are in variables, which change their roles and keep
    /// their values; the message words are in memory. There are not enough registers for both: with the message words
    /// in variables, the compiler moves them to the stack and back, which doubles the time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunRounds(Vector512<uint>* state, Vector512<uint>* w, uint* k)
    {
        Vector512<uint> a = state[0], b = state[1], c = state[2], d = state[3];
        Vector512<uint> e = state[4], f = state[5], g = state[6], h = state[7];
        for (uint* last = k + Sha256Constants.Rounds.Length - BlockWords; k != last; k += BlockWords)
        {
            Round(a, b, c, ref d, e, f, g, ref h, Take(w, k, 0));
            Round(h, a, b, ref c, d, e, f, ref g, Take(w, k, 1));
            Round(g, h, a, ref b, c, d, e, ref f, Take(w, k, 2));
            Round(f, g, h, ref a, b, c, d, ref e, Take(w, k, 3));
            Round(e, f, g, ref h, a, b, c, ref d, Take(w, k, 4));
            Round(d, e, f, ref g, h, a, b, ref c, Take(w, k, 5));
            Round(c, d, e, ref f, g, h, a, ref b, Take(w, k, 6));
            Round(b, c, d, ref e, f, g, h, ref a, Take(w, k, 7));
            Round(a, b, c, ref d, e, f, g, ref h, Take(w, k, 8));
            Round(h, a, b, ref c, d, e, f, ref g, Take(w, k, 9));
            Round(g, h, a, ref b, c, d, e, ref f, Take(w, k, 10));
            Round(f, g, h, ref a, b, c, d, ref e, Take(w, k, 11));
            Round(e, f, g, ref h, a, b, c, ref d, Take(w, k, 12));
            Round(d, e, f, ref g, h, a, b, ref c, Take(w, k, 13));
            Round(c, d, e, ref f, g, h, a, ref b, Take(w, k, 14));
            Round(b, c, d, ref e, f, g, h, ref a, Take(w, k, 15));
        }

        Round(a, b, c, ref d, e, f, g, ref h, w[0] + Vector512.Create(k[0]));
        Round(h, a, b, ref c, d, e, f, ref g, w[1] + Vector512.Create(k[1]));
        Round(g, h, a, ref b, c, d, e, ref f, w[2] + Vector512.Create(k[2]));
        Round(f, g, h, ref a, b, c, d, ref e, w[3] + Vector512.Create(k[3]));
        Round(e, f, g, ref h, a, b, c, ref d, w[4] + Vector512.Create(k[4]));
        Round(d, e, f, ref g, h, a, b, ref c, w[5] + Vector512.Create(k[5]));
        Round(c, d, e, ref f, g, h, a, ref b, w[6] + Vector512.Create(k[6]));
        Round(b, c, d, ref e, f, g, h, ref a, w[7] + Vector512.Create(k[7]));
        Round(a, b, c, ref d, e, f, g, ref h, w[8] + Vector512.Create(k[8]));
        Round(h, a, b, ref c, d, e, f, ref g, w[9] + Vector512.Create(k[9]));
        Round(g, h, a, ref b, c, d, e, ref f, w[10] + Vector512.Create(k[10]));
        Round(f, g, h, ref a, b, c, d, ref e, w[11] + Vector512.Create(k[11]));
        Round(e, f, g, ref h, a, b, c, ref d, w[12] + Vector512.Create(k[12]));
        Round(d, e, f, ref g, h, a, b, ref c, w[13] + Vector512.Create(k[13]));
        Round(c, d, e, ref f, g, h, a, ref b, w[14] + Vector512.Create(k[14]));
        Round(b, c, d, ref e, f, g, h, ref a, w[15] + Vector512.Create(k[15]));
        (state[0], state[1], state[2], state[3]) = (state[0] + a, state[1] + b, state[2] + c, state[3] + d);
        (state[4], state[5], state[6], state[7]) = (state[4] + e, state[5] + f, state[6] + g, state[7] + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector512<uint> a,
        Vector512<uint> b,
        Vector512<uint> c,
        ref Vector512<uint> d,
        Vector512<uint> e,
        Vector512<uint> f,
        Vector512<uint> g,
        ref Vector512<uint> h,
        Vector512<uint> input)
    {
        Vector512<uint> sum = h + input + Avx512F.TernaryLogic(e, f, g, Choose)
            + Xor(Avx512F.RotateRight(e, 6), Avx512F.RotateRight(e, 11), Avx512F.RotateRight(e, 25));
        d += sum;
        h = sum + (Avx512F.TernaryLogic(a, b, c, Majority)
            + Xor(Avx512F.RotateRight(a, 2), Avx512F.RotateRight(a, 13), Avx512F.RotateRight(a, 22)));
    }

    /// <summary>The input of one round; in its place the message word that is used 16 rounds later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Take(Vector512<uint>* w, uint* k, int i)
    {
        Vector512<uint> word = w[i];
        Vector512<uint> early = w[(i + 1) % BlockWords];
        Vector512<uint> late = w[(i + 14) % BlockWords];
        w[i] = word + w[(i + 9) % BlockWords]
            + Xor(Avx512F.RotateRight(early, 7), Avx512F.RotateRight(early, 18), early >>> 3)
            + Xor(Avx512F.RotateRight(late, 17), Avx512F.RotateRight(late, 19), late >>> 10);
        return word + Vector512.Create(k[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Xor(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) =>
        Avx512F.TernaryLogic(x, y, z, Parity);

    /// <summary>Loads a block of four lanes. Quarter q of vector c gets the words 4q+c of these lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFour(byte** blocks, nuint offset, Vector512<uint>* destination)
    {
        Vector512<byte> bigEndian = Vector512.Create(BigEndian, BigEndian);
        Vector512<uint> r0 = Avx512BW.Shuffle(Vector512.Load(blocks[0] + offset), bigEndian).AsUInt32();
        Vector512<uint> r1 = Avx512BW.Shuffle(Vector512.Load(blocks[1] + offset), bigEndian).AsUInt32();
        Vector512<uint> r2 = Avx512BW.Shuffle(Vector512.Load(blocks[2] + offset), bigEndian).AsUInt32();
        Vector512<uint> r3 = Avx512BW.Shuffle(Vector512.Load(blocks[3] + offset), bigEndian).AsUInt32();
        Vector512<ulong> low01 = Avx512F.UnpackLow(r0, r1).AsUInt64();
        Vector512<ulong> high01 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
        Vector512<ulong> low23 = Avx512F.UnpackLow(r2, r3).AsUInt64();
        Vector512<ulong> high23 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
        destination[0] = Avx512F.UnpackLow(low01, low23).AsUInt32();
        destination[1] = Avx512F.UnpackHigh(low01, low23).AsUInt32();
        destination[2] = Avx512F.UnpackLow(high01, high23).AsUInt32();
        destination[3] = Avx512F.UnpackHigh(high01, high23).AsUInt32();
    }

    /// <summary>Transposes the quarters of the vectors 0, 4, 8 and 12.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeQuarters(Vector512<uint>* w)
    {
        const byte LowHalves = 0x44, HighHalves = 0xEE, EvenQuarters = 0x88, OddQuarters = 0xDD;
        Vector512<uint> low01 = Avx512F.Shuffle4x128(w[0], w[4], LowHalves);
        Vector512<uint> high01 = Avx512F.Shuffle4x128(w[0], w[4], HighHalves);
        Vector512<uint> low23 = Avx512F.Shuffle4x128(w[8], w[12], LowHalves);
        Vector512<uint> high23 = Avx512F.Shuffle4x128(w[8], w[12], HighHalves);
        w[0] = Avx512F.Shuffle4x128(low01, low23, EvenQuarters);
        w[4] = Avx512F.Shuffle4x128(low01, low23, OddQuarters);
        w[8] = Avx512F.Shuffle4x128(high01, high23, EvenQuarters);
        w[12] = Avx512F.Shuffle4x128(high01, high23, OddQuarters);
    }
}
