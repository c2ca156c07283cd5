namespace Dfss.Security;

/// <summary>
/// What an identity may ask of a peer. Each role includes the permissions of the roles before it. docs/protocol.md
/// lists the role that each operation needs.
/// </summary>
public enum DfssRole
{
    /// <summary>Nothing: the identity is known but has no role.</summary>
    None = 0,

    /// <summary>List, describe and receive files, and test whether their chunks are present.</summary>
    Reader = 1,

    /// <summary>Also send, replace, rename, remove and repair files.</summary>
    Writer = 2,

    /// <summary>What peers need of each other: the permissions of a writer.</summary>
    Peer = 3,

    /// <summary>Everything, including maintenance of a peer's store.</summary>
    Admin = 4,
}
