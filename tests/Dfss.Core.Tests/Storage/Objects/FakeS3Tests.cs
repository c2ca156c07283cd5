using System.Net.Sockets;
using System.Text;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Storage.Objects;

/// <summary>The fake itself, where a slow machine shows what a quick one does not.</summary>
public sealed class FakeS3Tests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Content_that_is_sent_before_the_fake_has_said_that_it_may_be_is_taken()
    {
        await using FakeS3 fake = new();
        using TcpClient client = new();
        await client.ConnectAsync(fake.Endpoint.Host, fake.Endpoint.Port, Token);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"PUT /{FakeS3.Bucket}/key HTTP/1.1\r\nAuthorization: Credential={FakeS3.AccessKey}/\r\n"
                    + "Expect: 100-continue\r\nContent-Length: 7\r\n\r\ncontent"),
            Token);
        using StreamReader reader = new(stream);
        Assert.Equal("HTTP/1.1 100 Continue", await reader.ReadLineAsync(Token));
        Assert.Equal(string.Empty, await reader.ReadLineAsync(Token));
        Assert.Equal("HTTP/1.1 200 Fake", await reader.ReadLineAsync(Token));
    }

    [Fact]
    public async Task It_ends_while_a_client_is_connected_that_says_nothing_and_one_that_has_gone()
    {
        FakeS3 fake = new();
        using TcpClient silent = new();
        using TcpClient gone = new();
        await silent.ConnectAsync(fake.Endpoint.Host, fake.Endpoint.Port, Token);
        await gone.ConnectAsync(fake.Endpoint.Host, fake.Endpoint.Port, Token);
        // Closes with a reset.
        gone.LingerState = new LingerOption(enable: true, seconds: 0);
        gone.Close();
        await fake.DisposeAsync();
    }
}
