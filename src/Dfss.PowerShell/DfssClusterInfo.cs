using Dfss.Clusters;

namespace Dfss;

/// <summary>The role of a member of a cluster. Each role includes the permissions of those before it.</summary>
public enum DfssClusterRole
{
    /// <summary>List and receive files.</summary>
    Reader = 1,

    /// <summary>Also send, replace, rename, remove and repair files.</summary>
    Writer = 2,

    /// <summary>Serve a store; includes the permissions of a writer.</summary>
    Peer = 3,

    /// <summary>Everything: also invite members, and optimize stores.</summary>
    Admin = 4,
}

/// <summary>A cluster, and this user's role in it. It contains no secret.</summary>
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

    /// <summary>The role in the certificate.</summary>
    public DfssClusterRole Role { get; }

    /// <summary>The name in the certificate.</summary>
    public string Identity { get; }

    /// <summary>The prefixes of the names that the user may use; empty for all.</summary>
    public IReadOnlyList<string> NamePrefixes { get; }

    /// <summary>The id of the store that the certificate is for; null for other roles than peer.</summary>
    public string? StoreId { get; }

    /// <summary>Until when the certificate holds.</summary>
    public DateTime Expires { get; }

    /// <summary>The folder with the certificate and its key.</summary>
    public string Path { get; }

    /// <summary>Whether the cluster's authority is here.</summary>
    public bool IsIssuer { get; }

    /// <summary>The known addresses of the issuer; empty until it was started once.</summary>
    public IReadOnlyList<string> Issuer { get; }

    /// <summary>The cluster's name.</summary>
    public override string ToString() => OutputText.Of(Name);
}
