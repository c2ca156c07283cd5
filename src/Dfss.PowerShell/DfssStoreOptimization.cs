using Dfss.Transfer;

namespace Dfss;

/// <summary>The result of optimizing a peer's store.</summary>
public sealed class DfssStoreOptimization
{
    internal DfssStoreOptimization(PeerAddress address, OptimizeResult result)
    {
        Endpoint = address.ToString();
        StoreId = result.StoreId.ToString();
        DeletedChunks = result.ChunksDeleted;
        DeletedBytes = result.BytesDeleted;
        KeptChunks = result.ChunksKept;
        Files = result.Files;
        SettledNames = result.SettledNames;
        UndecidedNames = result.UndecidedNames;
    }

    /// <summary>The peer, as host:port.</summary>
    public string Endpoint { get; }

    /// <summary>The id of its store: 32 hexadecimal digits.</summary>
    public string StoreId { get; }

    /// <summary>Chunks deleted.</summary>
    public long DeletedChunks { get; }

    /// <summary>Their bytes.</summary>
    public long DeletedBytes { get; }

    /// <summary>Chunks kept: those that a file needs, and those within their grace period.</summary>
    public long KeptChunks { get; }

    /// <summary>Files of which the peer keeps chunks, earlier versions included.</summary>
    public long Files { get; }

    /// <summary>Names that sends had left undecided, and that were decided.</summary>
    public int SettledNames { get; }

    /// <summary>Names that could not be decided, as too few of their peers answered; a warning names each.</summary>
    public int UndecidedNames { get; }

    /// <summary>The endpoint.</summary>
    public override string ToString() => Endpoint;
}
