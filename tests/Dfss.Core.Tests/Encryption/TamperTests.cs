using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dfss.Encryption;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Encryption;

/// <summary>
/// A reader with a key notices every change of an encrypted file's envelope, chunks or places.
/// </summary>
public sealed class TamperTests
{
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int Count = 3;

    private readonly EncryptionKey owner = EncryptionKey.Create();
    private readonly FileKey key = FileKey.Create();
    private readonly byte[][] chunks;
    private readonly FileManifest manifest;
    private readonly FileRecord record;

    public TamperTests()
    {
        ChunkCipher cipher = new(key, Count, ChunkSize);
        chunks = [.. Enumerable.Range(0, Count).Select(index =>
        {
            byte[] chunk = new byte[index == Count - 1 ? 40 : ChunkSize];
            cipher.Encrypt(index, chunk);
            return chunk;
        })];
        manifest = Manifest(chunks);
        record = Of(manifest, EnvelopeContent.Create(key, manifest, [Recipient.Of(owner)]));
    }

    private KeyRing Keys => new([owner], []);

    [Fact]
    public void No_bit_of_an_envelope_can_be_another()
    {
        byte[] envelope = record.Encryption!.Encoded.ToArray();
        for (int bit = 0; bit < envelope.Length * 8; bit++)
        {
            byte[] changed = [.. envelope];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            DfssException error = Assert.Throws<DfssException>(
                () => ContentKey.Open(record with { Encryption = new KeyEnvelope(changed) }, Keys)!.Verify(manifest));
            Assert.True(
                error.Code is DfssErrorCode.FileTampered or DfssErrorCode.KeyWrong or DfssErrorCode.VersionNotSupported,
                $"bit {bit}: {error}");
        }
    }

    [Fact]
    public void No_length_of_an_envelope_is_read_but_its_own()
    {
        byte[] envelope = record.Encryption!.Encoded.ToArray();
        for (int length = 1; length <= envelope.Length + 1; length++)
        {
            byte[] cut = new byte[length];
            envelope.AsSpan(0, Math.Min(length, envelope.Length)).CopyTo(cut);
            if (length != envelope.Length)
            {
                FileRecord changed = record with { Encryption = new KeyEnvelope(cut) };
                Assert.Equal(
                    DfssErrorCode.FileTampered,
                    Assert.Throws<DfssException>(() => ContentKey.Open(changed, Keys)).Code);
                Assert.Empty(EnvelopeContent.KeyIdsOf(changed.Encryption!));
            }
        }
    }

    [Fact]
    public void An_envelope_opens_its_own_file_and_no_other()
    {
        FileManifest other = Manifest([chunks[1], chunks[0], chunks[2]]);
        DfssException error = Assert.Throws<DfssException>(() => ContentKey.Open(Of(other, record.Encryption!), Keys));
        Assert.Equal(DfssErrorCode.FileTampered, error.Code);
    }

    [Theory]
    [InlineData("swapped")]
    [InlineData("cut")]
    [InlineData("repeated")]
    [InlineData("another chunk")]
    public void A_manifest_that_was_not_written_with_the_key_is_refused(string how)
    {
        byte[] foreign = new byte[ChunkSize];
        FileManifest forged = how switch
        {
            "swapped" => Manifest([chunks[1], chunks[0], chunks[2]]),
            "cut" => Manifest(chunks[..2]),
            "repeated" => Manifest([chunks[0], chunks[0], chunks[2]]),
            _ => Manifest([chunks[0], foreign, chunks[2]]),
        };
        ContentKey opened = ContentKey.Open(record, Keys)!;
        Assert.Equal(DfssErrorCode.FileTampered, Assert.Throws<DfssException>(() => opened.Verify(forged)).Code);
        opened.Verify(manifest);
    }

    [Fact]
    public void A_chunk_decrypts_at_its_own_place_of_its_own_file_alone()
    {
        Assert.True(Decrypts(new ChunkCipher(key, Count, ChunkSize), 0));
        Assert.False(Decrypts(new ChunkCipher(key, Count, ChunkSize), 1));
        Assert.False(Decrypts(new ChunkCipher(key, Count - 1, ChunkSize), 0));
        Assert.False(Decrypts(new ChunkCipher(key, Count, ChunkSize * 2), 0));
        Assert.False(Decrypts(new ChunkCipher(FileKey.Create(), Count, ChunkSize), 0));

        bool Decrypts(ChunkCipher cipher, int index) => cipher.TryDecrypt(index, (byte[])chunks[0].Clone());
    }

    [Fact]
    public void Without_the_right_key_it_is_said_which_one_opens_the_file()
    {
        DfssException required = Assert.Throws<DfssException>(() => ContentKey.Open(record, keys: null));
        Assert.Equal(DfssErrorCode.KeyRequired, required.Code);
        Assert.Contains(owner.KeyId, required.Reason, StringComparison.Ordinal);

        EncryptionKey other = EncryptionKey.Create();
        DfssException wrong = Assert.Throws<DfssException>(() => ContentKey.Open(record, new KeyRing([other], [])));
        Assert.Equal(DfssErrorCode.KeyWrong, wrong.Code);
        Assert.Contains(owner.KeyId, wrong.Reason, StringComparison.Ordinal);
        Assert.Contains(other.KeyId, wrong.Reason, StringComparison.Ordinal);

        FileRecord plain = record with { Encryption = null };
        Assert.Equal(
            DfssErrorCode.FileNotEncrypted, Assert.Throws<DfssException>(() => ContentKey.Open(plain, Keys)).Code);
        Assert.Null(ContentKey.Open(plain, keys: null));
    }

    [Fact]
    public void A_newer_version_is_said_to_be_one()
    {
        FileRecord newer = record with { Encryption = new KeyEnvelope(new byte[] { 2, 0, 0 }) };
        Assert.Equal(
            DfssErrorCode.VersionNotSupported, Assert.Throws<DfssException>(() => ContentKey.Open(newer, Keys)).Code);
    }

    [Fact]
    public void More_recipients_than_an_envelope_holds_are_refused()
    {
        Recipient[] many = [.. Enumerable.Range(0, 17).Select(_ => Recipient.Of(EncryptionKey.Create()))];
        Assert.Equal(16, EnvelopeContent.KeyIdsOf(EnvelopeContent.Create(key, manifest, many[..16])).Count);
        Assert.Equal(
            DfssErrorCode.InvalidArgument,
            Assert.Throws<DfssException>(() => EnvelopeContent.Create(key, manifest, many)).Code);
    }

    [Fact]
    public void Nothing_is_encrypted_for_a_certificate_that_is_not_for_it()
    {
        FakeTimeProvider clock = new(DateTimeOffset.UnixEpoch.AddYears(60));
        using ECDsa curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using RSA small = RSA.Create(1024);
        using X509Certificate2 good = Issue(new CertificateRequest("CN=a", curve, HashAlgorithmName.SHA256));
        CertificateRequest signing = new("CN=a", curve, HashAlgorithmName.SHA256);
        signing.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        using X509Certificate2 signs = Issue(signing);
        using X509Certificate2 p384 = Issue(new CertificateRequest("CN=a", large, HashAlgorithmName.SHA256));
        using X509Certificate2 weak = Issue(
            new CertificateRequest("CN=a", small, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

        Assert.Equal(32, Recipient.Of(good, clock).KeyId.Length);
        Assert.All(new[] { signs, p384, weak }, certificate => Assert.Equal(
            DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(() => Recipient.Of(certificate, clock)).Code));
        using X509Certificate2 withoutKey = X509CertificateLoader.LoadCertificate(good.RawData);
        Assert.Equal(
            DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(() => new KeyRing([], [withoutKey])).Code);
        clock.Advance(TimeSpan.FromDays(365 * 60));
        Assert.Equal(
            DfssErrorCode.CertificateExpired, Assert.Throws<DfssException>(() => Recipient.Of(good, clock)).Code);
    }

    private static X509Certificate2 Issue(CertificateRequest request) =>
        request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(100));

    private static FileManifest Manifest(byte[][] chunks) => FileManifest.CreateEncrypted(
        chunks.Sum(chunk => (long)chunk.Length), ChunkSize, [.. chunks.Select(chunk => ChunkId.Of(chunk))]);

    private static FileRecord Of(FileManifest manifest, KeyEnvelope envelope) => new()
    {
        Name = "x",
        Version = 1,
        FileId = manifest.FileId,
        Length = manifest.Length,
        ChunkSize = manifest.ChunkSize,
        Encryption = envelope,
        Home = [],
        WriterId = Guid.NewGuid(),
    };
}
