using Dfss.Clusters;

namespace Dfss;

/// <summary>Whether a member's certificate is valid.</summary>
public enum DfssCertificateState
{
    /// <summary>It holds.</summary>
    Valid,

    /// <summary>It has expired, by this machine's clock.</summary>
    Expired,

    /// <summary>It was revoked (Revoke-DfssCertificate).</summary>
    Revoked,
}

/// <summary>A member of a cluster, by the newest certificate that the cluster's issuer has issued to it.</summary>
public sealed class DfssCertificateInfo
{
    internal DfssCertificateInfo(string cluster, MemberCertificate certificate)
    {
        Cluster = cluster;
        Name = certificate.Description.Name;
        Role = (DfssClusterRole)certificate.Description.Role;
        NamePrefixes = certificate.Description.NamePrefixes;
        StoreId = certificate.Description.StoreId?.ToString();
        SerialNumber = certificate.SerialNumber;
        Issued = certificate.Issued.LocalDateTime;
        Expires = certificate.Description.Expires.LocalDateTime;
        State = certificate.IsRevoked ? DfssCertificateState.Revoked
            : certificate.Description.Expires < TimeProvider.System.GetUtcNow() ? DfssCertificateState.Expired
            : DfssCertificateState.Valid;
    }

    /// <summary>The name of the member.</summary>
    public string Name { get; }

    /// <summary>The role in the certificate.</summary>
    public DfssClusterRole Role { get; }

    /// <summary>The prefixes of the names that the member may use; empty for all.</summary>
    public IReadOnlyList<string> NamePrefixes { get; }

    /// <summary>The id of the store that the member serves; null for other roles than peer.</summary>
    public string? StoreId { get; }

    /// <summary>Whether it holds.</summary>
    public DfssCertificateState State { get; }

    /// <summary>When it was issued.</summary>
    public DateTime Issued { get; }

    /// <summary>Until when it holds.</summary>
    public DateTime Expires { get; }

    /// <summary>The certificate's serial number, in hexadecimal.</summary>
    public string SerialNumber { get; }

    /// <summary>The cluster, as it is called here.</summary>
    public string Cluster { get; }

    /// <summary>The member's name.</summary>
    public override string ToString() => OutputText.Of(Name);
}
