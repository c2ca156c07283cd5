using System.Security.Cryptography;
using System.Text;
using Dfss.Hashing;
using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Hashing;

/// <summary>Each implementation of lanes by itself, against the platform's SHA-256.</summary>
public sealed class Sha256LanesTests(ITestOutputHelper output)
{
    private const string Scalar = "scalar";
    private const int FreshContents = 10_000;
    private const int BlockBytes = Sha256Constants.BlockBytes;

    // Random contents are slices of this.
    private static readonly byte[] Source = MakeSource(64 << 10);

    public static TheoryData<string> Implementations => [Scalar, "AVX2", "AVX-512"];

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Every_length_round_the_block_boundaries_is_hashed_as_the_platform_does(string implementation)
    {
        Sha256Lanes lanes = Take(implementation);
        int[] lengths =
        [
            .. Enumerable.Range(0, 301),
            .. from boundary in new[] { 512, 1024, 4096, 8192 }
               from offset in Enumerable.Range(-BlockBytes - 1, 2 * BlockBytes)
               select boundary + offset,
        ];
        foreach (int length in lengths)
        {
            // All lanes alike, at every alignment.
            AssertAsPlatform(lanes, [.. Enumerable.Range(0, lanes.Count).Select(i => Slice(i, length))]);
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Contents_of_different_lengths_are_hashed_together(string implementation)
    {
        Sha256Lanes lanes = Take(implementation);
        for (int start = 0; start <= 300; start++)
        {
            // Neighbouring lengths, so that lanes end at different blocks, in both orders.
            ReadOnlyMemory<byte>[] contents =
                [.. Enumerable.Range(0, lanes.Count).Select(i => Slice(i, start + (i * 7)))];
            AssertAsPlatform(lanes, contents);
            AssertAsPlatform(lanes, [.. contents.Reverse()]);
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Some_lanes_may_be_empty(string implementation)
    {
        Sha256Lanes lanes = Take(implementation);
        for (int count = 0; count <= lanes.Count; count++)
        {
            AssertAsPlatform(lanes, [.. Enumerable.Range(0, count).Select(i => Slice(i, 1000 - (100 * (i % 3))))]);
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void Random_contents_are_hashed_as_the_platform_does(string implementation)
    {
        Sha256Lanes lanes = Take(implementation);
        int count = implementation == Scalar ? FreshContents : SearchSize.Take("DFSS_HASHES", FreshContents);
        Random random = new(FaultSeed.Take(output));
        for (int done = 0; done < count;)
        {
            ReadOnlyMemory<byte>[] contents = new ReadOnlyMemory<byte>[random.Next(1, lanes.Count + 1)];
            int longest = random.Next(10) == 0 ? 4096 : 300;
            for (int i = 0; i < contents.Length; i++)
            {
                contents[i] = Slice(random.Next(Source.Length - longest), random.Next(longest + 1));
            }

            AssertAsPlatform(lanes, contents);
            done += contents.Length;
        }
    }

    /// <summary>The examples of NIST for SHA-256, and the message of a million times "a".</summary>
    [Theory]
    [MemberData(nameof(Implementations))]
    public void The_vectors_of_the_standard_hold(string implementation)
    {
        Sha256Lanes lanes = Take(implementation);
        (string Text, string Digest)[] vectors =
        [
            (string.Empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            ("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                + "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"),
            (new string('a', 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
        ];
        ReadOnlyMemory<byte>[] contents =
            [.. vectors.Select(vector => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(vector.Text))];
        ChunkId[] ids = new ChunkId[contents.Length];
        for (int i = 0; i < contents.Length; i += lanes.Count)
        {
            int count = Math.Min(lanes.Count, contents.Length - i);
            lanes.Hash(contents.AsSpan(i, count), ids.AsSpan(i, count));
        }

        Assert.Equal(vectors.Select(vector => vector.Digest), ids.Select(id => id.ToString()));
    }

    private static Sha256Lanes Take(string implementation)
    {
        if (implementation == Scalar)
        {
            return new ScalarLanes();
        }

        Sha256Lanes lanes = Sha256Lanes.All.Single(
            lanes => lanes.Name.StartsWith(implementation, StringComparison.Ordinal));
        Assert.SkipUnless(lanes.IsSupported, $"This processor has no {implementation}.");
        return lanes;
    }

    private static void AssertAsPlatform(Sha256Lanes lanes, ReadOnlyMemory<byte>[] contents)
    {
        ChunkId[] ids = new ChunkId[contents.Length];
        lanes.Hash(contents, ids);
        for (int i = 0; i < contents.Length; i++)
        {
            ChunkId expected = new(SHA256.HashData(contents[i].Span));
            string where = $"{lanes.Name}, lane {i} of {contents.Length}, {contents[i].Length} bytes";
            Assert.True(expected == ids[i], $"{where}: {ids[i]}, not {expected}.");
        }
    }

    private static ReadOnlyMemory<byte> Slice(int offset, int length) => Source.AsMemory(offset, length);

    private static byte[] MakeSource(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
