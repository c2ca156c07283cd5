namespace Dfss.Security;

/// <summary>
/// What an identity may have a peer do. Each role may do what those before it may; what each operation needs stands in
/// docs/protocol.md.
/// </summary>
public enum DfssRole
{
    /// <summary>Nothing: known, and given no role.</summary>
    None = 0,

    /// <summary>List, describe and receive files, and test whether their chunks are there.</summary>
    Reader = 1,

    /// <summary>Also send, replace, rename, remove and repair files.</summary>
    Writer = 2,

    /// <summary>What peers need of each other: what a writer may.</summary>
    Peer = 3,

    /// <summary>Everything, the upkeep of a peer's store included.</summary>
    Admin = 4,
}
