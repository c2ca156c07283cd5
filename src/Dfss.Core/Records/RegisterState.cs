namespace Dfss.Records;

/// <summary>A member's durable promise to keep a file's manifest and chunks until the name's next decision.</summary>
/// <param name="Ballot">The round of the seal; a decision at this ballot or above ends it.</param>
/// <param name="FileId">The file: its manifest lists the chunks.</param>
internal readonly record struct RegisterSeal(Ballot Ballot, FileId FileId)
{
    /// <summary>
    /// The members that decide on the name, each with one address at the most; empty if the writer did not send them.
    /// </summary>
    public IReadOnlyList<HomeMember> Home { get; init; } = [];
}

/// <summary>A name with seals that no decision has released yet.</summary>
/// <param name="Name">The name.</param>
/// <param name="Seals">Its seals at one member.</param>
internal sealed record SealedName(string Name, IReadOnlyList<RegisterSeal> Seals);

/// <summary>
/// The durable state of one name at one member; the member keeps nothing else of it. Always <c>Decided &lt;= Accepted
/// &lt;= Promised</c>, by ballots. Changed by <see cref="Acceptor"/> only.
/// </summary>
internal sealed record RegisterState
{
    /// <summary>A seal per file in dispute; more at one moment than this is no dispute but an attack.</summary>
    public const int MaxSeals = 1024;

    /// <summary>The state of an unknown name.</summary>
    public static RegisterState Empty { get; } = new();

    /// <summary>The highest ballot promised: lower ones are refused.</summary>
    public Ballot Promised { get; init; }

    /// <summary>The record accepted last, chosen or not; null for none.</summary>
    public BallotedRecord? Accepted { get; init; }

    /// <summary>The record that is known to be chosen; null for none.</summary>
    public BallotedRecord? Decided { get; init; }

    /// <summary>One per file id at the most; all above the decided ballot.</summary>
    public IReadOnlyList<RegisterSeal> Seals { get; init; } = [];

    /// <summary>
    /// The generation of the store in which this register was last brought up. In another generation it has no vote.
    /// </summary>
    public long Generation { get; init; }
}
