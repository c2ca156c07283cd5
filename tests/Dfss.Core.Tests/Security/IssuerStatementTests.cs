using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>The signed statement of where a cluster's issuer is, as it is decoded.</summary>
public sealed class IssuerStatementTests
{
    private static readonly StoreId Store = StoreId.Parse("00112233445566778899aabbccddeeff");

    [Fact]
    public void What_is_signed_is_read_in_every_form_of_address()
    {
        using TestAuthority authority = new("lab");
        string[] addresses = ["box1:9000", "[fe80::1%eth0]:9000", "b\u00fccher.example:1", "10.0.0.1:65535"];
        IssuerStatement read = IssuerStatement.Read(
            authority.Authority.Sign(new IssuerStatement(7, Store, addresses)), authority.Certificate);
        Assert.Equal((7, Store), (read.Number, read.StoreId));
        Assert.Equal(addresses, read.Addresses);
    }

    [Fact]
    public void Of_too_many_addresses_the_first_8_count_and_invalid_ones_are_ignored()
    {
        string[] sent =
        [
            "no host", "host:99999", new string('a', 400) + ":9000",
            .. Enumerable.Range(1, 20).Select(number => FormattableString.Invariant($"box{number}:9000")),
        ];
        Assert.Equal(sent[3..11], Content(Store.ToByteArray(), sent).Addresses);
        Assert.Equal(
            new string('a', 253) + ":65535",
            Assert.Single(Content(Store.ToByteArray(), new string('a', 253) + ":65535").Addresses));
    }

    [Fact]
    public void Without_a_store_or_an_address_it_is_none()
    {
        Assert.Throws<FormatException>(() => Content(new byte[15], "box1:9000"));
        Assert.Throws<FormatException>(() => Content(Store.ToByteArray()));
        Assert.Throws<FormatException>(() => Content(Store.ToByteArray(), "no host"));
        byte[] longest = Encode(Store.ToByteArray(), [.. Enumerable.Repeat(new string('a', 250), 20)]);
        Assert.True(longest.Length > IssuerStatement.MaxBytes);
        Assert.Throws<FormatException>(() => IssuerStatement.ReadContent(longest));
    }

    [Fact]
    public void The_largest_statement_fits()
    {
        using TestAuthority authority = new("lab");
        string[] addresses =
            [.. Enumerable.Range(1, 8)
                .Select(number => FormattableString.Invariant($"{number}{new string('a', 252)}:65535"))];
        IssuerStatement largest = new((1L << 53) - 1, Store, addresses);
        Assert.Equal(
            addresses, IssuerStatement.Read(authority.Authority.Sign(largest), authority.Certificate).Addresses);
    }

    private static IssuerStatement Content(byte[] store, params string[] addresses) =>
        IssuerStatement.ReadContent(Encode(store, addresses));

    private static byte[] Encode(byte[] store, string[] addresses) => UnsentMessage.Encode("issuer", 1, new MessageMap
    {
        { "number", 1 },
        { "store_id", store },
        { "addresses", Handshake.ToArray(addresses) },
    });
}
