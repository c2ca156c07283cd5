using System.Text.Json.Serialization;

namespace Dfss.Transfer;

/// <summary>What a transfer does.</summary>
public enum TransferKind
{
    /// <summary>Sends a local file.</summary>
    Send,

    /// <summary>Receives a stored file.</summary>
    Receive,

    /// <summary>Repairs or moves a stored file.</summary>
    Repair,
}

/// <summary>Where a transfer is in its life.</summary>
public enum TransferState
{
    /// <summary>It runs in this process.</summary>
    Running,

    /// <summary>It is suspended in this process.</summary>
    Suspended,

    /// <summary>
    /// It failed or was stopped, or its process ended; what it has moved is kept, and it can be started again.
    /// </summary>
    Interrupted,

    /// <summary>It runs in another process, which alone can suspend or stop it.</summary>
    RunningElsewhere,
}

/// <summary>What a transfer is about: enough to start it again, and no secret.</summary>
public sealed record TransferDescription
{
    /// <summary>What it does.</summary>
    public TransferKind Kind { get; init; }

    /// <summary>The name of the file for users.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>The full path of the local file; null for a repair.</summary>
    public string? LocalPath { get; init; }

    /// <summary>The length of the file in bytes.</summary>
    public long Length { get; init; }

    /// <summary>The addresses of the peers.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>The options of the caller as texts, none for a switch.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Parameters { get; init; } =
        new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The names of the options that have secrets, or name them; the caller must give them again.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>
    /// The drive that named the peers and gave the identity, neither of which is here; null if there was none. The
    /// caller must give the path of the drive again.
    /// </summary>
    public string? Drive { get; init; }

    /// <summary>The limit of its client, as it was set last; null for none.</summary>
    public long? LimitBytesPerSecond { get; init; }

    /// <summary>How many bytes were at their destination when that was last noted, in about the last second.</summary>
    public long TransferredBytes { get; init; }

    /// <summary>When it was started.</summary>
    public DateTimeOffset Started { get; init; }

    /// <summary>Why it failed; null if it did not.</summary>
    public string? Error { get; init; }

    /// <summary>The process that runs it; null for one that does not run.</summary>
    public int? ProcessId { get; init; }

    /// <summary>When that process started, in a form of the system: a process id is used again later.</summary>
    public string? ProcessStart { get; init; }

    /// <summary>
    /// What tells the content of the local file of a send from another content of the same length; null if it is not
    /// known.
    /// </summary>
    public string? SourceState { get; init; }
}

/// <summary>A transfer at one moment.</summary>
/// <param name="Id">Its number in this process.</param>
/// <param name="Description">What it is about.</param>
/// <param name="State">Where it is in its life.</param>
public sealed record TransferStatus(int Id, TransferDescription Description, TransferState State)
{
    /// <summary>What it does at this moment; null for one that does not run.</summary>
    public TransferPhase? Phase { get; init; }

    /// <summary>
    /// Bytes of the file that are at their destination. Of an interrupted transfer, those that need not be transferred
    /// again.
    /// </summary>
    public long TransferredBytes { get; init; }

    /// <summary>The length of the file, as far as it is known.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Bytes a second over the last seconds; null while that is not known, or it is suspended.</summary>
    public double? BytesPerSecond { get; init; }

    /// <summary>The limit of its client; null for none.</summary>
    public long? LimitBytesPerSecond { get; init; }

    /// <summary>The process that runs it; null if it does not run, or the process is not known.</summary>
    public int? ProcessId { get; init; }
}

/// <summary>The form of <see cref="TransferDescription"/> on disk: JSON; what is unknown is skipped.</summary>
[JsonSerializable(typeof(TransferDescription))]
[JsonSourceGenerationOptions(UseStringEnumConverter = true)]
internal sealed partial class TransferDescriptionFormat : JsonSerializerContext;
