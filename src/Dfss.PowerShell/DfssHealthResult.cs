using Dfss.Transfer;

namespace Dfss;

/// <summary>What a health check found.</summary>
public enum DfssHealthStatus
{
    /// <summary>Nothing is to be done.</summary>
    Ok,

    /// <summary>It could not be found out.</summary>
    Unknown,

    /// <summary>It works, and something is to be done before it no longer does.</summary>
    Warning,

    /// <summary>Something does not work, or data is lost.</summary>
    Error,
}

/// <summary>The result of a health check.</summary>
public sealed class DfssHealthResult
{
    internal DfssHealthResult(HealthResult result)
    {
        Check = result.Check;
        Status = result.Status switch
        {
            HealthStatus.Ok => DfssHealthStatus.Ok,
            HealthStatus.Warning => DfssHealthStatus.Warning,
            HealthStatus.Error => DfssHealthStatus.Error,
            _ => DfssHealthStatus.Unknown,
        };
        Endpoint = result.Peer?.ToString();
        Name = result.Name;
        Message = result.Message;
        Since = result.Since?.LocalDateTime;
        Command = result.Command;
        TestedFiles = result.TestedFiles;
    }

    /// <summary>The name of the check, for example PEER_DOWN.</summary>
    public string Check { get; }

    /// <summary>What it found.</summary>
    public DfssHealthStatus Status { get; }

    /// <summary>The peer that it is about; null for a check of files or of all peers.</summary>
    public string? Endpoint { get; }

    /// <summary>The name of the file that it is about; null for any other check.</summary>
    public string? Name { get; }

    /// <summary>What it found, in whole sentences.</summary>
    public string Message { get; }

    /// <summary>Since when it is as it is; null if that is unknown, or nothing is to be done.</summary>
    public DateTime? Since { get; }

    /// <summary>
    /// The command that repairs it; null if nothing is to be done. A word in capitals, such as PATH, stands for what
    /// only the operator knows.
    /// </summary>
    public string? Command { get; }

    /// <summary>How many files were tested; null for a check of a peer.</summary>
    public int? TestedFiles { get; }

    /// <summary>The check and its status.</summary>
    public override string ToString() => $"{Check}: {Status}";
}
