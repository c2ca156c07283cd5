using System.Security.Cryptography;
using CsCheck;
using Xunit;

namespace Dfss.Tests;

public sealed class FileManifestTests
{
    private static readonly Gen<FileManifest> Manifests = Gen.Select(
        Gen.Int[0, 40], Gen.Int[DfssLimits.MinChunkSize, DfssLimits.MaxChunkSize],
        Gen.Int[0, DfssLimits.MinChunkSize - 1], Gen.Int)
        .Select((count, chunkSize, shorter, seed) =>
        {
            ChunkId[] ids =
                [.. Enumerable.Range(0, count).Select(index => ChunkId.Of(BitConverter.GetBytes(seed + index)))];
            return FileManifest.Create(Math.Max(0, ((long)count * chunkSize) - shorter), chunkSize, ids);
        });

    [Fact]
    public void The_encoding_round_trips_and_is_canonical() => Manifests.Sample(manifest =>
    {
        FileManifest decoded = FileManifest.Decode(manifest.Encoded);
        ChunkId[] ids = [.. Enumerable.Range(0, decoded.ChunkCount).Select(index => decoded[index])];
        return decoded.FileId == manifest.FileId
            && FileManifest.Create(
                decoded.Length, decoded.ChunkSize, ids).Encoded.Span.SequenceEqual(manifest.Encoded.Span);
    });

    [Fact]
    public void Lengths_and_offsets_cover_the_file_without_gap() => Manifests.Sample(manifest =>
    {
        long offset = 0;
        for (int i = 0; i < manifest.ChunkCount; i++)
        {
            Assert.Equal(offset, manifest.OffsetOf(i));
            Assert.InRange(manifest.LengthOf(i), 1, manifest.ChunkSize);
            offset += manifest.LengthOf(i);
        }

        return offset == manifest.Length;
    });

    [Fact]
    public void The_file_id_is_the_sha256_of_the_encoding()
    {
        FileManifest manifest = FileManifest.Create(0, DfssLimits.DefaultChunkSize, []);
        Assert.Equal(SHA256.HashData(manifest.Encoded.Span), manifest.FileId.ToByteArray());
        Assert.Equal(
            "444653534d414e01" + "0000000000000000" + "00100000" + "00000000",
            Convert.ToHexStringLower(manifest.Encoded.Span));
    }

    [Fact]
    public void Truncated_or_longer_bytes_are_refused() => Manifests.Sample(
        manifest =>
        {
            for (int length = 0; length < manifest.Encoded.Length; length++)
            {
                AssertRefused(manifest.Encoded[..length].ToArray());
            }

            AssertRefused([.. manifest.Encoded.Span, 0]);
        },
        iter: 20);

    [Theory]
    [InlineData(0, 0xff)]
    [InlineData(7, 2)]
    [InlineData(8, 0xff)]
    [InlineData(15, 99)]
    [InlineData(16, 0x7f)]
    [InlineData(20, 0xff)]
    [InlineData(23, 2)]
    public void A_header_that_does_not_fit_itself_is_refused(int offset, byte value)
    {
        byte[] bytes = FileManifest.Create(10, DfssLimits.MinChunkSize, [default]).Encoded.ToArray();
        bytes[offset] = value;
        if (offset == 15)
        {
            // A length within the chunk is fine; one beyond it is not.
            _ = FileManifest.Decode(bytes);
            bytes[12] = value;
        }

        AssertRefused(bytes);
    }

    [Fact]
    public void A_count_that_does_not_fit_the_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => FileManifest.Create(1, DfssLimits.MinChunkSize, []));

    private static void AssertRefused(byte[] bytes) =>
        Assert.Equal(DfssErrorCode.ChunkCorrupt, Assert.Throws<DfssException>(() => FileManifest.Decode(bytes)).Code);
}
