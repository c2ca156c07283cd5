using Dfss.Transfer;

namespace Dfss;

/// <summary>What a command would do with one file (-PlanOnly). Nothing was changed to find out.</summary>
public sealed class DfssTransferPlan
{
    internal DfssTransferPlan(DfssTransferAction action, string name, string storedName, TransferPlan plan)
    {
        Action = action;
        Name = name;
        StoredName = storedName;
        Length = plan.Length;
        TransferBytes = plan.MovedBytes;
        SavedBytes = plan.SavedBytes;
        Replicas = plan.Copies;
        Peers = new DisplayList<string>(plan.Peers.Select(share => share.Peer.DisplayName));
        Problem = plan.Problem?.Replace(storedName, name, StringComparison.Ordinal);
    }

    /// <summary>What would be done.</summary>
    public DfssTransferAction Action { get; }

    /// <summary>The name in the store.</summary>
    public string Name { get; }

    /// <summary>
    /// The name that the peers have: another than <see cref="Name"/> where that one is hidden from them.
    /// </summary>
    public string StoredName { get; }

    /// <summary>The full path of the local file; null where there is none.</summary>
    public string? LocalPath { get; internal init; }

    /// <summary>The file that a local file leads to, where that is a symbolic link; else null.</summary>
    public string? LinkTarget { get; internal init; }

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>How many bytes would be moved, each copy counted.</summary>
    public long TransferBytes { get; }

    /// <summary>How many bytes would not be moved, because they are there already.</summary>
    public long SavedBytes { get; }

    /// <summary>At how many peers each chunk would be; of a receive, at how many each chunk is.</summary>
    public int Replicas { get; }

    /// <summary>The peers that take part.</summary>
    public IReadOnlyList<string> Peers { get; }

    /// <summary>Why it would fail, as far as that is known; else null.</summary>
    public string? Problem { get; }

    /// <summary>The name, in a form that is no local path.</summary>
    public override string ToString() => OutputText.Of(Name);
}

/// <summary>What a command would do with a file.</summary>
public enum DfssTransferAction
{
    /// <summary>A local file is sent.</summary>
    Send,

    /// <summary>A stored file is received.</summary>
    Receive,

    /// <summary>Missing copies of a stored file are made.</summary>
    Repair,

    /// <summary>A stored file gets other peers.</summary>
    Move,

    /// <summary>
    /// Nothing: both sides have the same file (-SkipUnchanged, -Checksum), or a repair finds nothing to do.
    /// </summary>
    Skip,

    /// <summary>The file is removed, as the source does not have it (-Mirror).</summary>
    Remove,
}
