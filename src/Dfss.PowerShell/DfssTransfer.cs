using Dfss.Transfer;

namespace Dfss;

/// <summary>A transfer at the moment when it was asked for.</summary>
public sealed class DfssTransfer
{
    internal DfssTransfer(TransferStatus status)
    {
        TransferDescription description = status.Description;
        Id = status.Id;
        Direction = (DfssTransferDirection)description.Kind;
        State = (DfssTransferState)status.State;
        Name = description.Name;
        LocalPath = description.LocalPath;
        Phase = status.Phase?.ToString();
        Length = status.TotalBytes;
        TransferredBytes = status.TransferredBytes;
        BytesPerSecond = (long?)status.BytesPerSecond;
        BandwidthLimit = status.LimitBytesPerSecond;
        Peers = new DisplayList<string>(description.Peers);
        Started = description.Started.LocalDateTime;
        ProcessId = status.ProcessId;
        Error = description.Error;
    }

    /// <summary>Its number in this process.</summary>
    public int Id { get; }

    /// <summary>What it does.</summary>
    public DfssTransferDirection Direction { get; }

    /// <summary>Whether it runs.</summary>
    public DfssTransferState State { get; }

    /// <summary>The name of the file in the store.</summary>
    public string Name { get; }

    /// <summary>The full path of the local file; null for a repair.</summary>
    public string? LocalPath { get; }

    /// <summary>What it does at this moment; null for one that does not run.</summary>
    public string? Phase { get; }

    /// <summary>The length of the file in bytes; of a repair, of what is copied.</summary>
    public long Length { get; }

    /// <summary>
    /// How many bytes are at their destination. Of an interrupted transfer, about as many as are not transferred again;
    /// of a repair, 0.
    /// </summary>
    public long TransferredBytes { get; }

    /// <summary>The percentage that is done.</summary>
    public int PercentComplete => Length == 0 ? 0 : (int)(Math.Clamp((double)TransferredBytes / Length, 0, 1) * 100);

    /// <summary>
    /// Bytes a second over the last seconds; null while that is not known, or the transfer is suspended.
    /// </summary>
    public long? BytesPerSecond { get; }

    /// <summary>The bandwidth limit of its command, as it was set last, in bytes a second; null for none.</summary>
    public long? BandwidthLimit { get; }

    /// <summary>The peers.</summary>
    public IReadOnlyList<string> Peers { get; }

    /// <summary>When it was started, in local time.</summary>
    public DateTime Started { get; }

    /// <summary>
    /// The process that runs it; null for an interrupted transfer, and where the other process is not known.
    /// </summary>
    public int? ProcessId { get; }

    /// <summary>Why an interrupted transfer failed; null if it was stopped or its process ended.</summary>
    public string? Error { get; }

    /// <summary>The name, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(Name);
}

/// <summary>What a transfer does.</summary>
public enum DfssTransferDirection
{
    /// <summary>Sends a local file.</summary>
    Send = TransferKind.Send,

    /// <summary>Receives a stored file.</summary>
    Receive = TransferKind.Receive,

    /// <summary>Repairs or moves a stored file.</summary>
    Repair = TransferKind.Repair,
}

/// <summary>Where a transfer is in its life.</summary>
public enum DfssTransferState
{
    /// <summary>It runs in this process.</summary>
    Running = TransferState.Running,

    /// <summary>It is suspended in this process.</summary>
    Suspended = TransferState.Suspended,

    /// <summary>It failed or was stopped, or its process ended; Resume-DfssTransfer starts it again.</summary>
    Interrupted = TransferState.Interrupted,

    /// <summary>It runs in another process, which alone can suspend, change or stop it.</summary>
    RunningElsewhere = TransferState.RunningElsewhere,
}
