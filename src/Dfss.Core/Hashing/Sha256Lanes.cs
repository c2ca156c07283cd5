using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Dfss.Hashing;

/// <summary>SHA-256 of several contents at once, one in each lane of the processor's vector registers.</summary>
internal abstract unsafe class Sha256Lanes
{
    /// <summary>The most lanes of any implementation.</summary>
    public const int MaxCount = 16;

    protected const int BlockBytes = Sha256Constants.BlockBytes;

    /// <summary>The message words of a block.</summary>
    protected const int BlockWords = 16;

    protected const int CacheLineBytes = 64;

    /// <summary>The padding ends with the length of the content in bits.</summary>
    private const int LengthBytes = sizeof(ulong);

    /// <summary>All implementations, those with more lanes first. Not every processor supports all.</summary>
    public static IReadOnlyList<Sha256Lanes> All { get; } = [new Sha256Lanes16(), new Sha256Lanes8()];

    /// <summary>The name, for benchmarks and tests.</summary>
    public abstract string Name { get; }

    /// <summary>The number of lanes.</summary>
    public abstract int Count { get; }

    /// <summary>Whether this processor has the instructions.</summary>
    public abstract bool IsSupported { get; }

    /// <summary>A shuffle that reverses the bytes of each 32-bit word.</summary>
    protected static Vector256<byte> BigEndian => Vector256.Create(
        0x0405060700010203, 0x0C0D0E0F08090A0B, 0x0405060700010203, 0x0C0D0E0F08090A0B).AsByte();

    /// <summary>Hashes at most <see cref="Count"/> contents. A lane whose content has ended is idle until the longest
    /// content ends, so contents of one length cost least.</summary>
    /// <param name="contents">What is hashed.</param>
    /// <param name="ids">The id of each content.</param>
    public void Hash(ReadOnlySpan<ReadOnlyMemory<byte>> contents, Span<ChunkId> ids)
    {
        byte* memory = stackalloc byte[(Sha256Constants.StateWords * MaxCount * sizeof(uint)) + CacheLineBytes];
        uint* state = (uint*)Align(memory);
        byte** blocks = stackalloc byte*[MaxCount];
        byte* tails = stackalloc byte[Lane.TailBytes * MaxCount];
        Lane* lanes = stackalloc Lane[MaxCount];
        Pins pins = default;
        try
        {
            for (int i = 0; i < contents.Length; i++)
            {
                pins[i] = contents[i].Pin();
                lanes[i] = new Lane((byte*)pins[i].Pointer, contents[i].Span, tails + (i * Lane.TailBytes));
            }

            SetInitialState(state);
            for (int active = contents.Length; active > 0;)
            {
                nuint count = PrepareStep(lanes, blocks, contents.Length);
                Compress(state, blocks, count);
                for (int i = 0; i < contents.Length; i++)
                {
                    if (lanes[i].IsActive && lanes[i].HasEndedAfter(count))
                    {
                        ids[i] = ReadId(state, i);
                        active--;
                    }
                }
            }
        }
        finally
        {
            for (int i = 0; i < contents.Length; i++)
            {
                pins[i].Dispose();
            }
        }
    }

    /// <summary>Updates the state of each lane with as many of its blocks.</summary>
    /// <param name="state">The first word of the state of each lane, then the second word of each, and so on.</param>
    /// <param name="blocks">The first block of each lane.</param>
    /// <param name="count">The number of blocks of each lane.</param>
    public abstract void Compress(uint* state, byte** blocks, nuint count);

    /// <summary>The first address in the memory at which a vector crosses no cache line.</summary>
    protected static byte* Align(byte* memory) =>
        (byte*)(((nuint)memory + CacheLineBytes - 1) & ~(nuint)(CacheLineBytes - 1));

    /// <summary>Points each lane to its next block. An idle lane repeats the work of an active one.</summary>
    /// <returns>The blocks that all active lanes have in one place.</returns>
    private nuint PrepareStep(Lane* lanes, byte** blocks, int length)
    {
        nuint count = nuint.MaxValue;
        byte* idle = null;
        for (int i = 0; i < length; i++)
        {
            if (lanes[i].IsActive)
            {
                count = Math.Min(count, lanes[i].Left);
                idle = lanes[i].Next;
            }
        }

        for (int i = 0; i < Count; i++)
        {
            blocks[i] = i < length && lanes[i].IsActive ? lanes[i].Next : idle;
        }

        return count;
    }

    private void SetInitialState(uint* state)
    {
        for (int i = 0; i < Sha256Constants.StateWords; i++)
        {
            new Span<uint>(state + (i * Count), Count).Fill(Sha256Constants.InitialState[i]);
        }
    }

    private ChunkId ReadId(uint* state, int lane)
    {
        Span<byte> digest = stackalloc byte[ChunkId.SizeBytes];
        for (int i = 0; i < Sha256Constants.StateWords; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest[(i * sizeof(uint))..], state[(i * Count) + lane]);
        }

        return new ChunkId(digest);
    }

    /// <summary>One content: its whole blocks where they are, then a copy of its end with the padding.</summary>
    private struct Lane
    {
        public const int TailBytes = 2 * BlockBytes;

        private readonly byte* tail;
        private nuint tailCount;

        public Lane(byte* start, ReadOnlySpan<byte> content, byte* tail)
        {
            Next = start;
            Left = (nuint)(content.Length / BlockBytes);
            this.tail = tail;
            ReadOnlySpan<byte> rest = content[(int)(Left * BlockBytes)..];
            tailCount = rest.Length + 1 + LengthBytes > BlockBytes ? (nuint)2 : 1;
            Span<byte> padded = new(tail, (int)(tailCount * BlockBytes));
            padded.Clear();
            rest.CopyTo(padded);
            padded[rest.Length] = 0x80;
            BinaryPrimitives.WriteUInt64BigEndian(padded[^LengthBytes..], (ulong)content.Length * 8);
            if (Left == 0)
            {
                MoveToTail();
            }
        }

        public byte* Next { get; private set; }

        /// <summary>Blocks at <see cref="Next"/>; 0: the content has ended.</summary>
        public nuint Left { get; private set; }

        public readonly bool IsActive => Left > 0;

        /// <summary>Advances by some blocks; true if those were the last.</summary>
        public bool HasEndedAfter(nuint count)
        {
            Next += count * BlockBytes;
            Left -= count;
            if (Left == 0 && tailCount > 0)
            {
                MoveToTail();
            }

            return Left == 0;
        }

        private void MoveToTail()
        {
            Next = tail;
            Left = tailCount;
            tailCount = 0;
        }
    }

    [InlineArray(MaxCount)]
    private struct Pins
    {
        private MemoryHandle first;
    }
}
