using Dfss.Protocol;
using Xunit;

namespace Dfss.Tests.Protocol;

public class HandshakeTests
{
    [Fact]
    public void The_highest_common_version_is_taken() => Assert.Equal(3, Handshake.Negotiate([1, 3, 7, 2], [1, 2, 3]));

    [Fact]
    public void Without_a_common_version_the_message_names_the_versions_of_the_peer()
    {
        DfssException exception = Assert.Throws<DfssException>(() => Handshake.Negotiate([1], [2, 9]));
        Assert.Equal(DfssErrorCode.VersionNotSupported, exception.Code);
        Assert.Contains("2, 9", exception.Message, StringComparison.Ordinal);
        MessageMap results = ErrorAnswer.ToMap(exception, chunkId: null);
        Assert.Equal(Handshake.Version, Assert.Single(results.Required("versions").AsArray()).AsInteger());
    }

    [Fact]
    public void Hello_comes_back_as_it_was()
    {
        HelloRequest request = HelloRequest.FromMap(new HelloRequest([1, 2], "dfss/9", ["x"]).ToMap());
        Assert.Equal([1, 2], request.Versions);
        Assert.Equal("dfss/9", request.Software);
        Assert.Equal(["x"], request.Capabilities);
        HelloAnswer sent = new(1, "dfss/9", StoreId.Create(), ["a:9000", "[::1]:9"], ["y"], new HelloLimits(5, 6, 7))
        {
            Instance = PeerInstance.Create(),
            Time = DateTimeOffset.UnixEpoch.AddYears(60),
        };
        HelloAnswer got = HelloAnswer.FromMap(sent.ToMap());
        Assert.Equal(
            (sent.Version, sent.Software, sent.StoreId, sent.Limits),
            (got.Version, got.Software, got.StoreId, got.Limits));
        Assert.Equal(sent.Time, got.Time);
        Assert.Equal((sent.Instance, Environment.ProcessId), (got.Instance, got.Instance?.ProcessId));
        Assert.Equal(sent.Addresses, got.Addresses);
        Assert.Equal(sent.Capabilities, got.Capabilities);
    }

    [Fact]
    public void An_error_comes_back_with_its_code_and_the_name_of_the_peer()
    {
        DfssException sent = new(DfssErrorCode.StoreFull, new string('x', 5000));
        DfssException got = ErrorAnswer.ToException(ErrorAnswer.Create(3, sent)).At(PeerAddress.Parse("here:1"));
        Assert.Equal(DfssErrorCode.StoreFull, got.Code);
        Assert.StartsWith("here:1: xxx", got.Message, StringComparison.Ordinal);
        Assert.True(MessageCodec.ToFrame(ErrorAnswer.Create(3, sent), null).Length < DfssLimits.MaxHelloFrameBytes);
    }

    [Fact]
    public void An_unknown_error_is_a_fault_of_the_peer_and_is_named()
    {
        DfssException got = ErrorAnswer.ToException(Message.Answer(1, (DfssErrorCode)999, []))
            .At(PeerAddress.Parse("here:1"));
        Assert.Equal(DfssErrorCode.PeerFault, got.Code);
        Assert.Contains("999", got.Message, StringComparison.Ordinal);
    }
}
