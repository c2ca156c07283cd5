using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Encryption;
using Xunit;

namespace Dfss.Tests.Encryption;

/// <summary>What docs/encryption.md prints is what the code makes and reads.</summary>
public sealed class VectorTests
{
    private const string EncryptionKeyName = "encryption_key";

    private static FileManifest Manifest => FileManifest.CreateEncrypted(
        Vectors.ContentLength + (2 * KeyEnvelope.ChunkOverheadBytes),
        Vectors.ChunkSize,
        [new ChunkId(Vectors.Bytes("chunk_ids[0]")), new ChunkId(Vectors.Bytes("chunk_ids[1]"))]);

    private static FileRecord Record => new()
    {
        Name = "x",
        Version = 1,
        FileId = Vectors.FileId,
        Length = Manifest.Length,
        ChunkSize = Manifest.ChunkSize,
        Encryption = new KeyEnvelope(Vectors.Bytes("envelope")),
        Home = [],
        WriterId = Guid.NewGuid(),
    };

    [Fact]
    public void The_keys_of_a_file_are_derived_as_printed()
    {
        Assert.Equal(Vectors.Bytes("chunk_key"), Vectors.FileKey.ChunkKey);
        Assert.Equal(
            HMACSHA256.HashData(Vectors.Bytes("manifest_key"), Manifest.Encoded.Span),
            Vectors.FileKey.Authenticate(Manifest));
    }

    [Fact]
    public void Chunks_manifest_and_its_code_are_made_as_printed()
    {
        ChunkCipher cipher = new(Vectors.FileKey, chunkCount: 2, Vectors.ChunkSize);
        byte[][] pieces = [.. Vectors.Content.Chunk(Vectors.ChunkSize - KeyEnvelope.ChunkOverheadBytes)];
        for (int index = 0; index < pieces.Length; index++)
        {
            byte[] chunk = new byte[pieces[index].Length + KeyEnvelope.ChunkOverheadBytes];
            pieces[index].CopyTo(ChunkCipher.PieceOf(chunk));
            cipher.Encrypt(index, Vectors.Bytes($"nonces[{index}]"), chunk);
            Assert.Equal(Vectors.Text($"chunk_ids[{index}]"), ChunkId.Of(chunk).ToString());
            Assert.True(cipher.TryDecrypt(index, chunk));
            Assert.Equal(pieces[index], ChunkCipher.PieceOf(chunk).ToArray());
        }

        Assert.Equal(Vectors.Bytes("manifest"), Manifest.Encoded.ToArray());
        Assert.Equal(Vectors.FileId, Manifest.FileId);
        Assert.Equal(Vectors.Bytes("manifest_code"), Vectors.FileKey.Authenticate(Manifest));
    }

    [Fact]
    public void A_name_is_hidden_as_printed()
    {
        byte[] key = Vectors.Bytes(EncryptionKeyName);
        Assert.Equal(Vectors.Bytes("name_nonce_key"), FileKey.Derive(key, "DFSS encryption 1 name nonce"u8));
        Assert.Equal(Vectors.Bytes("name_key"), FileKey.Derive(key, "DFSS encryption 1 name"u8));
        HiddenNames names = new(new EncryptionKey(key));
        Assert.Equal(Vectors.Text("stored_name"), names.Hide(Vectors.Text("name")));
        Assert.True(names.TryOpen(Vectors.Text("stored_name"), out string? name));
        Assert.Equal(Vectors.Text("name"), name);
    }

    [Fact]
    public void Wraps_and_envelope_are_made_as_printed()
    {
        using ECDiffieHellman ephemeral = ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            D = Vectors.Bytes("p256_ephemeral_scalar"),
        });
        using X509Certificate2 reader = Vectors.Certificate("p256_private_key");
        using ECDiffieHellman readersKey = reader.GetECDiffieHellmanPublicKey()!;
        byte[] shared = ephemeral.DeriveRawSecretAgreement(readersKey.PublicKey);
        Assert.Equal(Vectors.Bytes("p256_header"), P256Point.Encode(ephemeral));
        EncryptionKey key = new(Vectors.Bytes(EncryptionKeyName));
        KeyWrap[] wraps =
        [
            KeyWrap.Create(
                WrapKind.EncryptionKey, key.KeyId, key.Bytes, Vectors.Bytes("encryption_key_header"), Vectors.FileKey,
                Vectors.FileId),
            KeyWrap.Create(
                WrapKind.P256, Vectors.Text("p256_key_id"), shared, Vectors.Bytes("p256_header"), Vectors.FileKey,
                Vectors.FileId),
            KeyWrap.Create(
                WrapKind.Rsa, Vectors.Text("rsa_key_id"), Vectors.Bytes("rsa_secret"), Vectors.Bytes("rsa_header"),
                Vectors.FileKey, Vectors.FileId),
        ];
        for (int i = 0; i < wraps.Length; i++)
        {
            byte[] written = new byte[wraps[i].EncodedBytes];
            wraps[i].WriteTo(written);
            Assert.Equal(Vectors.Bytes($"wraps[{i}]"), written);
        }

        Assert.Equal(
            Vectors.Bytes("envelope"),
            new EnvelopeContent(Vectors.FileKey.Authenticate(Manifest), wraps).Encode().Encoded.ToArray());
    }

    [Theory]
    [InlineData(EncryptionKeyName)]
    [InlineData("p256_private_key")]
    [InlineData("rsa_private_key")]
    public void Each_recipient_opens_the_file(string name)
    {
        KeyRing keys = name == EncryptionKeyName
            ? new KeyRing([new EncryptionKey(Vectors.Bytes(name))], [])
            : new KeyRing([], [Vectors.Certificate(name)]);

        ContentKey key = ContentKey.Open(Record, keys)!;

        Assert.Equal(Vectors.FileKey.Bytes, key.Key.Bytes);
        byte[] last = Vectors.Bytes("last_chunk");
        Assert.True(key.Verify(Manifest).TryDecrypt(1, last));
        Assert.Equal(Vectors.Content[^5..], ChunkCipher.PieceOf(last).ToArray());
        string prefix = name.Split("_private")[0];
        Assert.Equal(
            Vectors.Text(
                $"{(name == EncryptionKeyName ? name : prefix)}_{(name == EncryptionKeyName ? "id" : "key_id")}"),
            keys.KeyIds.Single());
    }

    [Fact]
    public void A_key_has_one_text_and_shows_nothing_else_of_itself()
    {
        EncryptionKey key = new(Vectors.Bytes(EncryptionKeyName));
        Assert.Equal(Vectors.Text("encryption_key_text"), key.ToSecretText());
        Assert.True(EncryptionKey.TryParse($" {key.ToSecretText()}\r\n", out EncryptionKey? read));
        Assert.Equal(key.KeyId, read.KeyId);
        Assert.Equal(Vectors.Text("encryption_key_id"), key.ToString());
        Assert.False(EncryptionKey.TryParse(key.ToSecretText().AsSpan(..^1), out _));
        Assert.False(EncryptionKey.TryParse(key.ToSecretText() + "A", out _));
        Assert.False(EncryptionKey.TryParse("correct horse battery staple", out _));
    }
}
