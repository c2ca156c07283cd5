using Xunit;

namespace Dfss.Tests;

public sealed class PeerAddressTests
{
    [Theory]
    [InlineData("localhost", "localhost", 9000)]
    [InlineData(" box:1 ", "box", 1)]
    [InlineData("10.0.0.1:65535", "10.0.0.1", 65535)]
    [InlineData("[::1]:9001", "::1", 9001)]
    [InlineData("[fe80::1%2]:9001", "fe80::1%2", 9001)]
    [InlineData("[::1]", "::1", 9000)]
    [InlineData("::1", "::1", 9000)]
    public void An_address_is_read(string text, string host, int port)
    {
        PeerAddress address = PeerAddress.Parse(text);
        Assert.Equal((host, port), (address.Host, address.Port));
        Assert.Equal(address, PeerAddress.Parse(address.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":9000")]
    [InlineData("box:")]
    [InlineData("box:0")]
    [InlineData("box:65536")]
    [InlineData("box:009000")]
    [InlineData("box:+1")]
    [InlineData("http://box")]
    [InlineData("a,b")]
    [InlineData("[::1")]
    [InlineData("[box]:1")]
    [InlineData("1:2:3:x")]
    [InlineData("9001")]
    [InlineData("9001:9000")]
    [InlineData("a b:1")]
    [InlineData("a\u001b[31m:1")]
    [InlineData("a\0:1")]
    [InlineData("a\ud800:1")]
    [InlineData("a\u202eb:1")]
    [InlineData("a|b:1")]
    public void What_is_no_address_is_refused(string text)
    {
        Assert.False(PeerAddress.TryParse(text, out _));
        Assert.Contains(
            "host:port", Assert.Throws<FormatException>(() => PeerAddress.Parse(text)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_is_at_most_as_long_as_a_name_in_DNS()
    {
        string longest = new('a', DfssLimits.MaxHostBytes);
        PeerAddress address = PeerAddress.Parse($"{longest}:65535");
        Assert.Equal(DfssLimits.MaxAddressBytes, address.ToString().Length);
        Assert.False(PeerAddress.TryParse($"a{longest}:1", out _));
        Assert.False(PeerAddress.TryParse($"{new string('\u00e4', 127)}:1", out _));
        Assert.False(PeerAddress.TryParse($"[fe80::1%{new string('1', DfssLimits.MaxHostBytes - 8)}]:1", out _));
        Assert.Throws<ArgumentException>(() => new PeerAddress($"a{longest}"));
    }

    [Theory]
    [InlineData("b\u00fccher.example:1")]
    [InlineData("my_box-2.lan:1")]
    [InlineData("\u0939\u093f\u0928\u094d\u0926\u0940.example:1")]
    public void A_host_has_letters_of_any_script(string text) => Assert.True(PeerAddress.TryParse(text, out _));
}
