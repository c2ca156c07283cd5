using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// Messages over a connection, for client and peer. One read may run at a time; writes may be called from any thread
/// and are sent whole, one after the other. Time-outs measure progress: a frame that stalls or is too slow breaks the
/// connection with <see cref="DfssErrorCode.TimedOut"/>. After a failed read or write the caller can only dispose the
/// channel, except after LimitExceeded for a message that was not sent.
/// </summary>
internal sealed partial class MessageChannel : IAsyncDisposable
{
    /// <summary>How often the channel checks its time-outs.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly IConnection connection;
    private readonly PayloadPool pool;
    private readonly TimeProvider clock;
    private readonly ProgressWatch reading;
    private readonly ProgressWatch writing;
    private readonly ITimer timer;
    private long lastMessage;
    private int unanswered;
    private volatile string? deathReason;
    private volatile bool isIdleEnd;
    private volatile bool isWaitingForMemory;

    /// <summary>Takes ownership of a connection.</summary>
    /// <param name="connection">The connection; the channel disposes it.</param>
    /// <param name="pool">The memory for payloads; shared with other channels.</param>
    /// <param name="options">The limits and the clock.</param>
    public MessageChannel(IConnection connection, PayloadPool pool, ChannelOptions options)
    {
        this.connection = connection;
        this.pool = pool;
        clock = options.TimeProvider;
        MaxBodyBytes = options.MaxBodyBytes;
        IdleLimit = options.IdleLimit;
        reading = new ProgressWatch(options);
        writing = new ProgressWatch(options);
        lastMessage = clock.GetTimestamp();
        timer = clock.CreateTimer(static state => ((MessageChannel)state!).Watch(), this, Tick, Tick);
    }

    /// <summary>The address of the other side, for error messages.</summary>
    public string RemoteAddress => connection.RemoteAddress;

    /// <summary>
    /// The identity of the other side, or the reason for its refusal; null if the connection does not authenticate.
    /// </summary>
    public ValidationResult? ValidationResult => connection.ValidationResult;

    /// <summary>The negotiated TLS parameters; null without TLS.</summary>
    public TlsAgreement? Agreement => connection.Agreement;

    /// <summary>
    /// The longest body that the channel reads. The owner raises it to
    /// <see cref="DfssLimits.MaxFrameBytes"/> when hello is answered.
    /// </summary>
    public int MaxBodyBytes { get; set; }

    /// <summary>
    /// Limits the memory for messages of the other side's identity, over all its connections; null for no such limit.
    /// Set when hello is answered.
    /// </summary>
    public ReceiveShare? Share { get; set; }

    /// <summary>The clock of the time-outs.</summary>
    public TimeProvider Clock => clock;

    /// <summary>
    /// How long the connection may be idle, with no frame begun and no request unanswered in either
    /// direction; null for no limit.
    /// </summary>
    public TimeSpan? IdleLimit { get; set; }

    /// <summary>
    /// When a byte last moved inside a frame, in either direction, as the clock's timestamp; 0 for never.
    /// </summary>
    public long LastByte => Math.Max(reading.LastByte, writing.LastByte);

    /// <summary>Breaks the connection at once, from any thread: the read and the writes under way fail.</summary>
    public void Abort() => connection.Abort();

    /// <summary>
    /// Closes the connection in order. The caller has ended its read before, by cancelling it
    /// or by aborting the channel.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private void Watch()
    {
        string? reason = reading.FindStall() ?? writing.FindStall();
        if (reason is not null)
        {
            deathReason = $"The connection was ended: {reason}.";
            connection.Abort();
        }
        else if (IdleLimit is { } limit && !isWaitingForMemory && Volatile.Read(ref unanswered) <= 0
            && clock.GetElapsedTime(Math.Max(Volatile.Read(ref lastMessage), LastByte)) >= limit)
        {
            isIdleEnd = true;
            connection.Abort();
        }
    }

    /// <summary>
    /// Counts a complete message: a request that is not answered yet keeps the connection from being idle.
    /// </summary>
    private void Count(Message message)
    {
        Volatile.Write(ref lastMessage, clock.GetTimestamp());
        if (message.Id is not null)
        {
            _ = message.Operation is null
                ? Interlocked.Decrement(ref unanswered)
                : Interlocked.Increment(ref unanswered);
        }
    }

    /// <summary>The failure of the connection; if the watch broke it, a TimedOut with the watch's reason.</summary>
    private DfssException Explain(DfssException exception) =>
        deathReason is { } reason && exception.Code == DfssErrorCode.PeerUnreachable
            ? new DfssException(DfssErrorCode.TimedOut, reason, exception)
            : exception;
}
