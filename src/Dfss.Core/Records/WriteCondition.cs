using System.Globalization;

namespace Dfss.Records;

/// <summary>The condition on a name under which a change is made.</summary>
internal readonly record struct WriteCondition
{
    private enum Kind
    {
        CreateOnly,
        ReplaceAny,
        ReplaceVersion,
    }

    private Kind Rule { get; init; }

    /// <summary>The version that must be the name's; null where it need not be a certain one.</summary>
    public long? Version { get; private init; }

    /// <summary>There is no file of the name: it was never sent, or was removed.</summary>
    public static WriteCondition CreateOnly => new() { Rule = Kind.CreateOnly };

    /// <summary>Always holds: creates or replaces.</summary>
    public static WriteCondition ReplaceAny => new() { Rule = Kind.ReplaceAny };

    /// <summary>The name is at exactly this version; a tombstone's counts. 0: the name was never sent.</summary>
    public static WriteCondition ReplaceVersion(long version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        return new() { Rule = Kind.ReplaceVersion, Version = version };
    }

    /// <summary>
    /// Whether the condition holds where <paramref name="current"/> is the name's record (null: none).
    /// </summary>
    public bool HoldsFor(FileRecord? current) => Rule switch
    {
        Kind.CreateOnly => current is null or { State: FileRecordState.Removed },
        Kind.ReplaceVersion => (current?.Version ?? 0) == Version,
        _ => true,
    };

    /// <summary>The condition in words.</summary>
    public override string ToString() => Rule == Kind.ReplaceVersion
        ? string.Create(CultureInfo.InvariantCulture, $"{Rule} {Version}")
        : Rule.ToString();
}
