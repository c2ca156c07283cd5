using System.Security.Cryptography;
using CsCheck;
using Xunit;

namespace Dfss.Tests;

public sealed class IdTests
{
    private static readonly Gen<byte[]> Bytes = Gen.Byte.Array[ChunkId.SizeBytes];

    [Fact]
    public void A_chunk_id_is_the_sha256_of_the_bytes()
    {
        byte[] content = [1, 2, 3];
        Assert.Equal(SHA256.HashData(content), ChunkId.Of(content).ToByteArray());
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ChunkId.Of([]).ToString());
    }

    [Fact]
    public void Text_and_bytes_round_trip() => Bytes.Sample(bytes =>
    {
        ChunkId id = new(bytes);
        return ChunkId.Parse(id.ToString()) == id && ChunkId.Parse(id.ToString().ToUpperInvariant()) == id
            && id.ToByteArray().AsSpan().SequenceEqual(bytes);
    });

    [Fact]
    public void The_order_is_that_of_the_bytes() => Gen.Select(Bytes, Bytes).Sample((left, right) =>
    {
        int expected = Math.Sign(left.AsSpan().SequenceCompareTo(right));
        ChunkId a = new(left);
        ChunkId b = new(right);
        return Math.Sign(a.CompareTo(b)) == expected && a < b == expected < 0 && a == b == (expected == 0)
            && Math.Sign(string.CompareOrdinal(a.ToString(), b.ToString())) == expected;
    });

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("e3b0")]
    [InlineData("x3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550")]
    public void Other_text_is_refused(string? text)
    {
        Assert.False(ChunkId.TryParse(text, out _));
        Assert.False(StoreId.TryParse(text, out _));
    }

    [Fact]
    public void Bytes_of_another_length_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ChunkId(new byte[31]));
        Assert.Throws<ArgumentException>(() => new StoreId(new byte[32]));
    }

    [Fact]
    public void New_store_ids_differ() => Assert.NotEqual(StoreId.Create(), StoreId.Create());
}
