using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dfss.Encryption;
using Xunit;

namespace Dfss.Tests.Encryption;

/// <summary>Names that the peers cannot read: each comes back, by its own key alone, from one stored name.</summary>
public sealed class HiddenNamesTests
{
    private readonly EncryptionKey key = EncryptionKey.Create();
    private readonly HiddenNames names;

    public HiddenNamesTests() => names = new HiddenNames(key);

    [Fact]
    public void A_name_of_any_length_and_script_comes_back_and_only_its_rounded_length_shows()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (int length in Enumerable.Range(1, 130).Concat([733, 734, HiddenNames.MaxNameBytes]))
        {
            foreach (char letter in "aÄ文")
            {
                string name = new(letter, Math.Max(1, length / Encoding.UTF8.GetByteCount([letter])));
                string stored = names.Hide(name);
                Assert.True(seen.Add(stored) || letter != 'a');
                Assert.Equal(stored, FileName.Normalize(stored));
                Assert.Equal(stored, names.Hide(name));
                Assert.True(names.TryOpen(stored, out string? back));
                Assert.Equal(name, back);
                int bytes = Encoding.UTF8.GetByteCount(name);
                Assert.Equal(Base64Url.GetEncodedLength((((bytes / 32) + 1) * 32) + 28) + 3, stored.Length);
            }
        }
    }

    [Fact]
    public void Spellings_of_one_name_are_one_stored_name() =>
        Assert.Equal(names.Hide("\u00e4"), names.Hide("a\u0308"));

    [Fact]
    public void Another_key_hides_it_otherwise_and_opens_nothing()
    {
        HiddenNames other = new(EncryptionKey.Create());
        Assert.NotEqual(names.Hide("a"), other.Hide("a"));
        Assert.False(other.TryOpen(names.Hide("a"), out _));
        Assert.Equal(key.KeyId, names.ToString());
    }

    [Fact]
    public void No_character_of_a_stored_name_can_be_another()
    {
        string stored = names.Hide("plans/2027.txt");
        for (int i = 0; i < stored.Length; i++)
        {
            foreach (char letter in "AB~=+ ")
            {
                string changed = stored[..i] + letter + stored[(i + 1)..];
                Assert.True(changed == stored || !names.TryOpen(changed, out _), changed);
            }
        }

        foreach (string changed in new[]
        {
            stored + "A", stored[..^1], stored + "=", stored + "\n", stored[3..], "~1~", string.Empty,
            "~2~" + stored[3..]
        })
        {
            Assert.False(names.TryOpen(changed, out _), changed);
        }
    }

    [Theory]
    [InlineData("a", 64)]
    [InlineData("../a", 32)]
    [InlineData("/etc/passwd", 32)]
    [InlineData("a\u0308", 32)]
    [InlineData("a\u0000b", 32)]
    public void What_a_holder_of_the_key_made_otherwise_is_no_hidden_name(string text, int padded)
    {
        // As the format says, but for what is hidden: a name that is none, or one that is padded otherwise.
        byte[] content = new byte[padded];
        Encoding.UTF8.GetBytes(text, content);
        Span<byte> nonce = HMACSHA256.HashData(FileKey.Derive(key.Bytes, "DFSS encryption 1 name nonce"u8), content)
            .AsSpan(0, 12);
        Assert.False(names.TryOpen(Seal(nonce, content), out _));
    }

    [Fact]
    public void A_second_stored_name_of_a_name_does_not_count()
    {
        byte[] content = new byte[32];
        content[0] = (byte)'a';
        Assert.False(names.TryOpen(Seal(RandomNumberGenerator.GetBytes(12), content), out _));
        Span<byte> nonce = HMACSHA256.HashData(FileKey.Derive(key.Bytes, "DFSS encryption 1 name nonce"u8), content)
            .AsSpan(0, 12);
        Assert.True(names.TryOpen(Seal(nonce, content), out string? name));
        Assert.Equal("a", name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a//b")]
    [InlineData("../a")]
    public void What_is_no_name_is_not_hidden(string name) => AssertRefused(name);

    [Fact]
    public void A_name_that_is_too_long_is_not_hidden() => AssertRefused(new string('n', HiddenNames.MaxNameBytes + 1));

    private void AssertRefused(string name) =>
        Assert.Equal(DfssErrorCode.InvalidName, Assert.Throws<DfssException>(() => names.Hide(name)).Code);

    private string Seal(ReadOnlySpan<byte> nonce, byte[] content)
    {
        byte[] stored = new byte[12 + content.Length + 16];
        nonce.CopyTo(stored);
        using AesGcm cipher = new(FileKey.Derive(key.Bytes, "DFSS encryption 1 name"u8), 16);
        cipher.Encrypt(nonce, content, stored.AsSpan(12, content.Length), stored.AsSpan(12 + content.Length));
        return HiddenNames.Prefix + Base64Url.EncodeToString(stored);
    }
}
