using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Dfss.Hashing;

/// <summary>8 lanes in the 256-bit registers of AVX2.</summary>
internal sealed unsafe class Sha256Lanes8 : Sha256Lanes
{
    private const int Width = 8;

    public override string Name => "AVX2, 8 lanes";

    public override int Count => Width;

    public override bool IsSupported => Avx2.IsSupported;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Compress(uint* state, byte** blocks, nuint count)
    {
        byte* memory = stackalloc byte[(BlockWords * Vector256<byte>.Count) + CacheLineBytes];
        Vector256<uint>* w = (Vector256<uint>*)Align(memory);
        fixed (uint* k = Sha256Constants.Rounds)
        {
            for (nuint offset = 0; offset != count * BlockBytes; offset += BlockBytes)
            {
                LoadHalf(blocks, offset, w);
                LoadHalf(blocks, offset + (BlockBytes / 2), w + (BlockWords / 2));
                RunRounds((Vector256<uint>*)state, w, k);
            }
        }
    }

    /// <summary>The 64 rounds of one block. The words of the state are in variables, which change their roles and keep
    /// their values; the message words are in memory. There are not enough registers for both: with the message words
    /// in variables, the compiler moves them to the stack and back, which doubles the time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RunRounds(Vector256<uint>* state, Vector256<uint>* w, uint* k)
    {
        Vector256<uint> a = state[0], b = state[1], c = state[2], d = state[3];
        Vector256<uint> e = state[4], f = state[5], g = state[6], h = state[7];
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

        Round(a, b, c, ref d, e, f, g, ref h, w[0] + Vector256.Create(k[0]));
        Round(h, a, b, ref c, d, e, f, ref g, w[1] + Vector256.Create(k[1]));
        Round(g, h, a, ref b, c, d, e, ref f, w[2] + Vector256.Create(k[2]));
        Round(f, g, h, ref a, b, c, d, ref e, w[3] + Vector256.Create(k[3]));
        Round(e, f, g, ref h, a, b, c, ref d, w[4] + Vector256.Create(k[4]));
        Round(d, e, f, ref g, h, a, b, ref c, w[5] + Vector256.Create(k[5]));
        Round(c, d, e, ref f, g, h, a, ref b, w[6] + Vector256.Create(k[6]));
        Round(b, c, d, ref e, f, g, h, ref a, w[7] + Vector256.Create(k[7]));
        Round(a, b, c, ref d, e, f, g, ref h, w[8] + Vector256.Create(k[8]));
        Round(h, a, b, ref c, d, e, f, ref g, w[9] + Vector256.Create(k[9]));
        Round(g, h, a, ref b, c, d, e, ref f, w[10] + Vector256.Create(k[10]));
        Round(f, g, h, ref a, b, c, d, ref e, w[11] + Vector256.Create(k[11]));
        Round(e, f, g, ref h, a, b, c, ref d, w[12] + Vector256.Create(k[12]));
        Round(d, e, f, ref g, h, a, b, ref c, w[13] + Vector256.Create(k[13]));
        Round(c, d, e, ref f, g, h, a, ref b, w[14] + Vector256.Create(k[14]));
        Round(b, c, d, ref e, f, g, h, ref a, w[15] + Vector256.Create(k[15]));
        (state[0], state[1], state[2], state[3]) = (state[0] + a, state[1] + b, state[2] + c, state[3] + d);
        (state[4], state[5], state[6], state[7]) = (state[4] + e, state[5] + f, state[6] + g, state[7] + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector256<uint> a,
        Vector256<uint> b,
        Vector256<uint> c,
        ref Vector256<uint> d,
        Vector256<uint> e,
        Vector256<uint> f,
        Vector256<uint> g,
        ref Vector256<uint> h,
        Vector256<uint> input)
    {
        Vector256<uint> sum = h + input + (((f ^ g) & e) ^ g)
            + (Rotate(e, 6) ^ Rotate(e, 11) ^ Rotate(e, 25));
        d += sum;
        h = sum + ((((a ^ b) & (c ^ b)) ^ b)
            + (Rotate(a, 2) ^ Rotate(a, 13) ^ Rotate(a, 22)));
    }

    /// <summary>The input of one round; in its place the message word that is used 16 rounds later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Take(Vector256<uint>* w, uint* k, int i)
    {
        Vector256<uint> word = w[i];
        Vector256<uint> early = w[(i + 1) % BlockWords];
        Vector256<uint> late = w[(i + 14) % BlockWords];
        w[i] = word + w[(i + 9) % BlockWords]
            + (Rotate(early, 7) ^ Rotate(early, 18) ^ (early >>> 3))
            + (Rotate(late, 17) ^ Rotate(late, 19) ^ (late >>> 10));
        return word + Vector256.Create(k[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> value, int count) =>
        (value >>> count) | (value << (32 - count));

    /// <summary>Loads half a block of each lane: vector i gets the words i of all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadHalf(byte** blocks, nuint offset, Vector256<uint>* destination)
    {
        const byte LowHalves = 0x20, HighHalves = 0x31;
        LoadFour(blocks, offset, destination);
        LoadFour(blocks + 4, offset, destination + 4);
        for (int i = 0; i < 4; i++)
        {
            Vector256<uint> first = destination[i];
            Vector256<uint> second = destination[i + 4];
            destination[i] = Avx2.Permute2x128(first, second, LowHalves);
            destination[i + 4] = Avx2.Permute2x128(first, second, HighHalves);
        }
    }

    /// <summary>Loads half a block of four lanes. Half q of vector c gets the words 4q+c of these lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void LoadFour(byte** blocks, nuint offset, Vector256<uint>* destination)
    {
        Vector256<uint> r0 = Avx2.Shuffle(Vector256.Load(blocks[0] + offset), BigEndian).AsUInt32();
        Vector256<uint> r1 = Avx2.Shuffle(Vector256.Load(blocks[1] + offset), BigEndian).AsUInt32();
        Vector256<uint> r2 = Avx2.Shuffle(Vector256.Load(blocks[2] + offset), BigEndian).AsUInt32();
        Vector256<uint> r3 = Avx2.Shuffle(Vector256.Load(blocks[3] + offset), BigEndian).AsUInt32();
        Vector256<ulong> low01 = Avx2.UnpackLow(r0, r1).AsUInt64();
        Vector256<ulong> high01 = Avx2.UnpackHigh(r0, r1).AsUInt64();
        Vector256<ulong> low23 = Avx2.UnpackLow(r2, r3).AsUInt64();
        Vector256<ulong> high23 = Avx2.UnpackHigh(r2, r3).AsUInt64();
        destination[0] = Avx2.UnpackLow(low01, low23).AsUInt32();
        destination[1] = Avx2.UnpackHigh(low01, low23).AsUInt32();
        destination[2] = Avx2.UnpackLow(high01, high23).AsUInt32();
        destination[3] = Avx2.UnpackHigh(high01, high23).AsUInt32();
    }
}
