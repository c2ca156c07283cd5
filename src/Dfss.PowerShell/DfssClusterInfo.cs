using Dfss.Clusters;

namespace Dfss;

/// <summary>What a member of a cluster may do. Each role may do what those before it may.</summary>
public enum DfssClusterRole
{
    /// <summary>List and receive files.</summary>
    Reader = 1,

    /// <summary>Also send, replace, rename, remove and repair files.</summary>
    Writer = 2,

    /// <summary>Serve a store, and what a writer may.</summary>
    Peer = 3,

    /// <summary>Everything: also invite others, and tidy up stores.</summary>
    Admin = 4,
}

/// <summary>A cluster, and what this user is in it. Nothing in it is secret.</summary>
public sealed class DfssClusterInfo
{
    internal DfssClusterInfo(ClusterMembership membership, MemberDescription member)
    {
        Name = membership.Name;
        Role = (DfssClusterRole)member.Role;
        Identity = member.Name;
        NamePrefixes = member.NamePrefixes;
        StoreId = member.StoreId?.ToString();
        Expires = member.Expires.LocalDateTime;
        Path = membership.Folder;
        IsIssuer = membership.HasAuthority;
        Issuer = [.. membership.LoadIssuer().Select(address => address.ToString())];
    }

    /// <summary>The cluster's name here.</summary>
    public string Name { get; }

    /// <summary>What the certificate allows.</summary>
    public DfssClusterRole Role { get; }

    /// <summary>The name in the certificate.</summary>
    public string Identity { get; }

    /// <summary>The names that may be touched begin with one of these; empty for all.</summary>
    public IReadOnlyList<string> NamePrefixes { get; }

    /// <summary>The id of the store that the certificate is for; null for other roles than peer.</summary>
    public string? StoreId { get; }

    /// <summary>Until when the certificate holds.</summary>
    public DateTime Expires { get; }

    /// <summary>The folder with the certificate and its key.</summary>
    public string Path { get; }

    /// <summary>Whether the cluster's authority is here.</summary>
    public bool IsIssuer { get; }

    /// <summary>Where the issuer is, as far as is known; empty until it was started once.</summary>
    public IReadOnlyList<string> Issuer { get; }

    /// <summary>The cluster's name.</summary>
    public override string ToString() => Name;
}
