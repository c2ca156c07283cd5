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
    [InlineData("box:+1")]
    [InlineData("http://box")]
    [InlineData("a,b")]
    [InlineData("[::1")]
    [InlineData("[box]:1")]
    [InlineData("1:2:3:x")]
    [InlineData("9001")]
    [InlineData("9001:9000")]
    public void What_is_no_address_is_refused(string text)
    {
        Assert.False(PeerAddress.TryParse(text, out _));
        Assert.Contains("host:port", Assert.Throws<FormatException>(() => PeerAddress.Parse(text)).Message, StringComparison.Ordinal);
    }
}
