using Dfss.Transfer;

namespace Dfss.Testing;

/// <summary>The settings of a client process: the peers that it asks, and how it transfers.</summary>
internal sealed record ClientSettings
{
    public required IReadOnlyList<string> Peers { get; init; }

    public int ThrottleLimit { get; init; } = 16;

    public int MaxAttempts { get; init; } = 5;

    public int RetryMilliseconds { get; init; } = 200;

    public int ConnectSeconds { get; init; } = 5;

    /// <summary>Where it keeps what an interrupted send has found out; null for nowhere.</summary>
    public string? StateFolder { get; init; }
}

/// <summary>What a client process can be asked to do.</summary>
internal enum ClientOperation
{
    /// <summary>Sends a local file, on condition that there is no file of the name.</summary>
    Create,

    /// <summary>Sends a local file, replacing what there is.</summary>
    Replace,

    /// <summary>Reads the record of a name, and keeps it for what follows.</summary>
    Read,

    /// <summary>Receives what was last read.</summary>
    Receive,

    /// <summary>Removes exactly what was last read.</summary>
    Remove,
}

/// <summary>One thing for a client process to do.</summary>
internal sealed record ClientCommand
{
    public required ClientOperation Operation { get; init; }

    public required string Name { get; init; }

    /// <summary>The source, or the destination, which is replaced.</summary>
    public string? Path { get; init; }

    public int ChunkSize { get; init; } = DfssLimits.DefaultChunkSize;

    public int? Replicas { get; init; }

    /// <summary>How many earlier versions a replacement keeps.</summary>
    public int KeepVersions { get; init; } = SendOptions.DefaultKeepVersions;

    /// <summary>What a replacement replaces: exactly this version; null for whatever there is.</summary>
    public long? IfVersion { get; init; }

    /// <summary>Whether with new connections, as a new command of a user has.</summary>
    public bool IsFresh { get; init; }
}

/// <summary>What became of it.</summary>
internal sealed record ClientAnswer
{
    /// <summary>The error's code; None where there was none.</summary>
    public required DfssErrorCode Error { get; init; }

    public string? Message { get; init; }

    /// <summary>The version that was made or read; 0 for none.</summary>
    public long Version { get; init; }

    /// <summary>The content that was sent or read, by its file id.</summary>
    public string? FileId { get; init; }

    /// <summary>Whether a majority stood behind it.</summary>
    public bool IsCurrent { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];
}
