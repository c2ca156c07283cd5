using System.Diagnostics.CodeAnalysis;
using Dfss.Protocol;

[assembly: SuppressMessage("Performance", "CA1822", Justification = "skeleton", Scope = "namespaceanddescendants", Target = "~N:Dfss.Transport")]
[assembly: SuppressMessage("Usage", "CA1801", Justification = "skeleton", Scope = "namespaceanddescendants", Target = "~N:Dfss.Transport")]
[assembly: SuppressMessage("Performance", "CA1812", Justification = "skeleton", Scope = "namespaceanddescendants", Target = "~N:Dfss.Transport")]

namespace Dfss.Transport;

internal static class TcpTransport
{
    public static Task<IConnection> ConnectAsync(PeerAddress address, TimeSpan timeout, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public static IConnectionListener Listen(string address, int port) => throw new NotSupportedException();
}

internal sealed class Payload : IDisposable
{
    public Memory<byte> Memory => throw new NotSupportedException();

    public void Dispose() => throw new NotSupportedException();
}

internal sealed class PayloadPool
{
    public PayloadPool(long budgetBytes) => BudgetBytes = budgetBytes;

    public long BudgetBytes { get; }

    public long RentedBytes => throw new NotSupportedException();

    public ValueTask<Payload> RentAsync(int length, CancellationToken cancellationToken) => throw new NotSupportedException();
}

internal sealed class MessageChannel : IAsyncDisposable
{
    public MessageChannel(IConnection connection, PayloadPool pool, ChannelOptions options) => MaxBodyBytes = options.MaxBodyBytes;

    public string RemoteAddress => throw new NotSupportedException();

    public int MaxBodyBytes { get; set; }

    public TimeSpan? IdleLimit { get; set; }

    /// <summary>null: closed in order between two frames, or idle for too long.</summary>
    public ValueTask<ReceivedMessage?> ReadAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ReceivedMessage?> ReadAsync(Func<Message, int, PayloadTarget> choose, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>payload null: nil.</summary>
    public ValueTask WriteAsync(Message message, ReadOnlyMemory<byte>? payload, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public void Abort() => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

internal sealed class ClientChannel : IAsyncDisposable
{
    private ClientChannel()
    {
    }

    public HelloAnswer Hello => throw new NotSupportedException();

    public static Task<ClientChannel> ConnectAsync(
        PeerAddress address, ClientChannelOptions options, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Response> CallAsync(
        string operation, MessageMap arguments, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<Response> CallAsync(
        string operation, MessageMap arguments, ReadOnlyMemory<byte> payload, Memory<byte> destination, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<Response> CallAsync(PeerCall call, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

internal sealed class PeerLink : IAsyncDisposable
{
    public PeerLink(PeerAddress address, ClientChannelOptions options) => Address = address;

    public PeerAddress Address { get; }

    public Task<HelloAnswer> HelloAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Response> CallAsync(PeerCall call, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
