using System.Buffers;
using System.IO.Pipelines;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>One end of a connection that never leaves the process; what one end sends the other receives.</summary>
internal sealed class MemoryConnection : IConnection
{
    private readonly PipeReader incoming;
    private readonly PipeWriter outgoing;
    private readonly CancellationTokenSource aborted;

    private MemoryConnection(PipeReader incoming, PipeWriter outgoing, CancellationTokenSource aborted)
    {
        this.incoming = incoming;
        this.outgoing = outgoing;
        this.aborted = aborted;
    }

    public string RemoteAddress => "memory";

    /// <summary>At most so many bytes come with one receive: 1 for byte by byte.</summary>
    public int MaxReceiveBytes { get; set; } = int.MaxValue;

    /// <summary>Whether this end, or the other, has broken the connection.</summary>
    public bool IsAborted => aborted.IsCancellationRequested;

    /// <summary>Makes both ends. A sender waits while <paramref name="capacityBytes"/> are under way.</summary>
    public static (MemoryConnection Client, MemoryConnection Server) CreatePair(int capacityBytes = 1 << 20)
    {
        PipeOptions options = new(
            pauseWriterThreshold: capacityBytes, resumeWriterThreshold: Math.Max(1, capacityBytes / 2),
            useSynchronizationContext: false);
        Pipe there = new(options);
        Pipe back = new(options);
        CancellationTokenSource aborted = new();
        return (new MemoryConnection(back.Reader, there.Writer, aborted),
            new MemoryConnection(there.Reader, back.Writer, aborted));
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, aborted.Token);
        try
        {
            ReadResult result = await incoming.ReadAsync(either.Token);
            ReadOnlySequence<byte> bytes = result.Buffer;
            bytes = bytes.Slice(0, Math.Min(bytes.Length, Math.Min(destination.Length, MaxReceiveBytes)));
            bytes.CopyTo(destination.Span);
            int received = (int)bytes.Length;
            incoming.AdvanceTo(bytes.End);
            return received;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Broken();
        }
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, aborted.Token);
        try
        {
            FlushResult result = await outgoing.WriteAsync(source, either.Token);
            if (result.IsCompleted)
            {
                throw Broken();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Broken();
        }
    }

    public void Abort() => aborted.Cancel();

    public async ValueTask DisposeAsync()
    {
        await outgoing.CompleteAsync();
        await incoming.CompleteAsync();
    }

    private static DfssException Broken() => new(DfssErrorCode.PeerUnreachable, "The connection broke: aborted.");
}
