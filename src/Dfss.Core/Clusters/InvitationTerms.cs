using System.Globalization;
using Dfss.Security;

namespace Dfss.Clusters;

/// <summary>The terms of an invitation.</summary>
public sealed record InvitationTerms
{
    /// <summary>A day: the invited user normally receives it the same day.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(1);

    /// <summary>A year.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(365);

    internal const int MaxPrefixes = 16;
    internal const int MaxNameCharacters = 64;

    /// <summary>What the member may do.</summary>
    public required DfssRole Role { get; init; }

    /// <summary>The member's name; null to have the issuer make one.</summary>
    public string? Name { get; init; }

    /// <summary>The prefixes of the names that the member may touch; empty for all names.</summary>
    public IReadOnlyList<string> NamePrefixes { get; init; } = [];

    /// <summary>The store that a peer serves; null to accept any store that no member serves yet.</summary>
    public StoreId? StoreId { get; init; }

    /// <summary>How long the invitation is valid, by the issuer's clock.</summary>
    public TimeSpan Lifetime { get; init; } = DefaultLifetime;

    /// <exception cref="DfssException">InvalidArgument: no member can be invited with these terms.</exception>
    internal void ThrowIfNotPossible()
    {
        string? reason =
            Role == DfssRole.None ? "An invitation is for a role."
            : Lifetime <= TimeSpan.Zero || Lifetime > MaxLifetime
                ? "An invitation is valid for more than 0 s and at most a year."
            : StoreId is not null && Role != DfssRole.Peer ? "Only an invitation for a peer names a store."
            : NamePrefixes.Count > 0 && Role > DfssRole.Writer ? "Name prefixes are for readers and writers."
            : NamePrefixes.Count > MaxPrefixes
                ? FormattableString.Invariant($"An invitation has at most {MaxPrefixes} name prefixes.")
            : NamePrefixes.Any(IsNoPrefix) ? "A name prefix is empty, or longer than a name."
            : Name is not null && IsNoName(Name) ? string.Create(
                CultureInfo.InvariantCulture,
                $"A member's name has 1 to {MaxNameCharacters} printable characters, "
                    + $"and does not begin or end with a space.")
            : null;
        if (reason is not null)
        {
            throw new DfssException(DfssErrorCode.InvalidArgument, reason);
        }
    }

    private static bool IsNoPrefix(string prefix) =>
        prefix.Length == 0 || System.Text.Encoding.UTF8.GetByteCount(prefix) > DfssLimits.MaxNameBytes;

    private static bool IsNoName(string name) =>
        name.Length is 0 or > MaxNameCharacters || name.Any(char.IsControl) || name.Trim() != name;
}
