using Dfss.Protocol;
using Dfss.Security;

namespace Dfss.Transport;

/// <summary>
/// Messages over a connection, for either side. One read may run at a time; writes may come from anywhere and go out one after the
/// other, whole. Time-outs measure progress: a frame that stands still, or crawls, breaks the connection with
/// <see cref="DfssErrorCode.TimedOut"/>. After any failure of a read or write other than LimitExceeded of a message not sent yet, only
/// disposing is left.
/// </summary>
internal sealed partial class MessageChannel : IAsyncDisposable
{
    /// <summary>How often time-outs are looked at.</summary>
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

    /// <summary>Takes over a connection.</summary>
    /// <param name="connection">The connection; disposed with this.</param>
    /// <param name="pool">Where payloads are kept; shared with others.</param>
    /// <param name="options">Limits and clock.</param>
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

    /// <summary>The other end, for messages.</summary>
    public string RemoteAddress => connection.RemoteAddress;

    /// <summary>Who the other end is, or why it is refused; null where the connection asks nobody who he is.</summary>
    public ValidationResult? ValidationResult => connection.ValidationResult;

    /// <summary>What TLS was agreed upon; null where there is none.</summary>
    public TlsAgreement? Agreement => connection.Agreement;

    /// <summary>The longest body that is read. Raise it to <see cref="DfssLimits.MaxFrameBytes"/> when hello is answered.</summary>
    public int MaxBodyBytes { get; set; }

    /// <summary>What the other end may hold of what it sends, with its other connections; null where nobody counts. Set when hello is answered.</summary>
    public ReceiveShare? Share { get; set; }

    /// <summary>The clock of its time-outs.</summary>
    public TimeProvider Clock => clock;

    /// <summary>How long the connection may lie idle, with no frame begun and no request unanswered in either direction; null for ever.</summary>
    public TimeSpan? IdleLimit { get; set; }

    /// <summary>When a byte last moved inside a frame, in either direction, as the clock's timestamp; 0 for never.</summary>
    public long LastByte => Math.Max(reading.LastByte, writing.LastByte);

    /// <summary>Breaks the connection at once, from any thread: the read and the writes under way fail.</summary>
    public void Abort() => connection.Abort();

    /// <summary>Closes in order. The caller has ended its read before, by cancelling or aborting it.</summary>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync().ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private void Watch()
    {
        string? reason = reading.Judge() ?? writing.Judge();
        if (reason is not null)
        {
            deathReason = $"The connection was given up: {reason}.";
            connection.Abort();
        }
        else if (IdleLimit is { } limit && !isWaitingForMemory && Volatile.Read(ref unanswered) <= 0
            && clock.GetElapsedTime(Math.Max(Volatile.Read(ref lastMessage), LastByte)) >= limit)
        {
            isIdleEnd = true;
            connection.Abort();
        }
    }

    /// <summary>A message has passed whole: what is asked and not answered yet keeps the connection from being idle.</summary>
    private void Count(Message message)
    {
        Volatile.Write(ref lastMessage, clock.GetTimestamp());
        if (message.Id is not null)
        {
            _ = message.Operation is null ? Interlocked.Decrement(ref unanswered) : Interlocked.Increment(ref unanswered);
        }
    }

    /// <summary>The failure of the connection, told by its cause when that was the watch.</summary>
    private DfssException Explain(DfssException exception) => deathReason is { } reason && exception.Code == DfssErrorCode.PeerUnreachable
        ? new DfssException(DfssErrorCode.TimedOut, reason, exception)
        : exception;
}
