using System.Management.Automation;
using System.Net.Sockets;
using System.Text;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.BadInput;

/// <summary>Peers that are not there, are none, or are of another version; and the addresses themselves.</summary>
public sealed class BadPeerTests : BadInputTests
{
    private const string Http = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    public static TheoryData<string> Commands => new(
        "Get-DfssFileInfo x -Peer $bad", "Send-DfssFile in/good.txt -Peer $bad", "Receive-DfssFile x -Peer $bad",
        "Compare-DfssFile in/good.txt -Peer $bad", "Remove-DfssFile x -Peer $bad -Confirm:$false",
        "Rename-DfssFile x y -Peer $bad", "Copy-DfssFile x y -Peer $bad", "Restore-DfssFile x -Peer $bad");

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_port_without_a_listener_ends_the_command(string script)
    {
        Set("bad", "127.0.0.1:1");
        ErrorRecord error = Ends(script);
        Check(error, "PeerUnreachable", ErrorCategory.ConnectionError, "127.0.0.1:1", "127.0.0.1:1: no connection");
    }

    [Fact]
    public void A_host_that_does_not_resolve_is_named() => Check(
        Ends("Get-DfssFileInfo x -Peer no-such-host.invalid:9000"), "PeerUnreachable", ErrorCategory.ConnectionError,
        "no-such-host.invalid:9000", "no-such-host.invalid:9000: the name 'no-such-host.invalid'");

    [Fact]
    public void Several_peers_are_named_each_once_with_its_reason()
    {
        string[] peers = ["127.0.0.1:1", "127.0.0.1:2", "no-such-host.invalid:9000"];
        Set("bad", peers);
        string message = Check(
            Ends("Get-DfssFileInfo x -Peer $bad"), "PeerUnreachable", ErrorCategory.ConnectionError, peers,
            "None of 3 peers can be reached:");
        string[] lines = message.Split('\n');
        Assert.Equal(4, lines.Length);
        Assert.All(
            peers.Zip(lines[1..]), pair => Assert.StartsWith($"{pair.First}: ", pair.Second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("localhost:0")]
    [InlineData("localhost:70000")]
    [InlineData("localhost:-1")]
    [InlineData("localhost:")]
    [InlineData("localhost:x")]
    [InlineData(":9000")]
    [InlineData("http://localhost:9000")]
    [InlineData("[::1:9000")]
    [InlineData("a b")]
    public void A_malformed_address_is_refused_before_any_peer_is_asked(string address)
    {
        Set("bad", address);
        Check(
            Ends("Send-DfssFile in/good.txt -Peer $peer, $bad"), "PeerAddressInvalid",
            ErrorCategory.InvalidArgument, address,
            $"'{address}'");
        IsStored();
    }

    [Fact]
    public void A_host_that_no_name_service_takes_is_refused_with_the_limit_and_without_its_whole_text()
    {
        string address = new string('h', 300) + ":9000";
        Set("bad", address);
        string message = Check(
            Ends("Get-DfssFileInfo x -Peer $bad"), "PeerAddressInvalid", ErrorCategory.InvalidArgument, address,
            "a host name has at most 253 bytes");
        Assert.True(message.Length < 200, message);
    }

    [Fact]
    public void A_port_without_a_host_is_refused_and_the_host_is_guessed() => Check(
        Ends("Get-DfssFileInfo x -Peer 9001"), "PeerAddressInvalid", ErrorCategory.InvalidArgument, "9001",
        "did you mean localhost:9001?");

    [Theory]
    [InlineData("Get-DfssFileInfo -Peer ''")]
    [InlineData("Get-DfssFileInfo -Peer ' , '")]
    [InlineData("Get-DfssFileInfo -Peer @()")]
    [InlineData("Start-DfssPeer -InMemory -Port 70000")]
    public void An_argument_that_cannot_be_is_refused_by_the_engine(string script) =>
        Assert.Equal("ParameterArgumentValidationError", Result.IdOf(Ends(script)));

    [Theory]
    [InlineData(Http, true)]
    [InlineData("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", false)]
    [InlineData("220 mail.example ESMTP\r\n", false)]
    public async Task What_is_no_peer_ends_the_command(string greeting, bool closes)
    {
        await using ForeignServer foreign = new(greeting, closes);
        Set("bad", foreign.Address);
        Check(
            Ends("Get-DfssFileInfo x -Peer $bad"), "NotADfssPeer", ErrorCategory.ConnectionError, foreign.Address,
            $"{foreign.Address}: what answers there is not a DFSS peer.");
    }

    [Fact]
    public async Task A_peer_that_closes_at_once_is_unreachable()
    {
        await using ForeignServer foreign = new(string.Empty, closes: true);
        Set("bad", foreign.Address);
        Check(
            Ends("Get-DfssFileInfo x -Peer $bad"), "PeerUnreachable", ErrorCategory.ConnectionError, foreign.Address,
            foreign.Address);
    }

    [Fact]
    public async Task A_silent_listener_times_out_and_ends_the_command()
    {
        await using ForeignServer foreign = new(string.Empty, closes: false);
        Set("bad", foreign.Address);
        Check(
            Ends("Get-DfssFileInfo x, y, z -Peer $bad"), "TimedOut", ErrorCategory.OperationTimeout, foreign.Address,
            $"{foreign.Address}: something listens there, and did not answer hello");
    }

    [Fact]
    public async Task A_peer_of_another_version_ends_the_command_and_both_versions_are_named()
    {
        await using FakePeer other = new((_, _, _) => default) { Versions = [2] };
        Set("bad", other.Address.ToString());
        Check(
            Ends("Get-DfssFileInfo x -Peer $bad"), "VersionNotSupported", ErrorCategory.NotImplemented,
            other.Address.ToString(), other.Address.ToString(), "version 2", "1 was offered");
    }

    [Fact]
    public async Task A_browser_at_the_port_is_closed_and_the_peer_serves_on()
    {
        using TcpClient client = new();
        await client.ConnectAsync("127.0.0.1", PeerAddress.Parse(Peer).Port, Token);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), Token);
        using MemoryStream answer = new();
        await stream.CopyToAsync(answer, Token).WaitAsync(TimeSpan.FromSeconds(60), Token);
        // The notice that closes the connection, for a client that can read it.
        Assert.Contains(
            "the limit is 4096 bytes", Encoding.ASCII.GetString(answer.ToArray()), StringComparison.Ordinal);
        Send("served.txt");
    }

    [Fact]
    public void Two_addresses_of_one_store_are_one_holder()
    {
        string other = Peer.Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        Set("both", new[] { Peer, other, Peer });
        Assert.Single(Run("Send-DfssFile in/good.txt -Peer $both").As<DfssFileInfo>()[0].StoreIds);
        Assert.Single(Run("Receive-DfssFile good.txt -Peer $both -Destination out").As<FileInfo>());
    }

    [Fact]
    public void A_name_unknown_to_every_peer_does_not_stop_the_others()
    {
        Set("both", new[] { Peer, StartPeer() });
        Send("known.txt", peers: "$both");
        ErrorRecord got = Fails("Get-DfssFileInfo none.txt, known.txt -Peer $both", results: 1);
        Check(got, "FileNotFound", ErrorCategory.ObjectNotFound, "none.txt", "'none.txt'");
        ErrorRecord received = Fails("Receive-DfssFile none.txt, known.txt -Peer $both -Destination out", results: 1);
        Check(received, "FileNotFound", ErrorCategory.ObjectNotFound, "none.txt", "'none.txt'");
        IsAtDestination("known.txt");
    }

    [Fact]
    public void A_peer_that_was_stopped_cannot_be_stopped_again()
    {
        Run("$one = Start-DfssPeer -InMemory -Port 0; $one | Stop-DfssPeer").ThrowIfFailed();
        Check(
            Fails("Stop-DfssPeer -Id $one.Id"), "PeerNotOfSession", ErrorCategory.ObjectNotFound,
            Run("$one.Id").Output[0].BaseObject, "no peer with id");
        Check(
            Fails("Stop-DfssPeer -Port $one.Port"), "PeerNotOfSession", ErrorCategory.ObjectNotFound,
            Run("$one.Port").Output[0].BaseObject, "no peer with port");
    }
}
