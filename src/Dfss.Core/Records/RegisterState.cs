namespace Dfss.Records;

/// <summary>A member's durable promise to keep a file's manifest and chunks until the name's next decision.</summary>
/// <param name="Ballot">The round it was given in; a decision at this ballot or above ends it.</param>
/// <param name="FileId">Whose manifest lists the chunks.</param>
internal readonly record struct RegisterSeal(Ballot Ballot, FileId FileId)
{
    /// <summary>The members that decide on the name, each with one address at the most; empty where the writer did not
    /// say.</summary>
    public IReadOnlyList<HomeMember> Home { get; init; } = [];
}

/// <summary>A name under which files are sealed that no decision has let go of yet.</summary>
/// <param name="Name">The name.</param>
/// <param name="Seals">Its seals at one member.</param>
internal sealed record SealedName(string Name, IReadOnlyList<RegisterSeal> Seals);

/// <summary>
/// What one member keeps of one name, and all it keeps: it survives crashes. Always <c>Decided &lt;= Accepted &lt;=
/// Promised</c>, by ballots. Changed by <see cref="Acceptor"/> only.
/// </summary>
internal sealed record RegisterState
{
    /// <summary>A seal per file in dispute; more at one moment than this is no dispute but an attack.</summary>
    public const int MaxSeals = 1024;

    /// <summary>The state of a name never heard of.</summary>
    public static RegisterState Empty { get; } = new();

    /// <summary>The highest ballot promised: lower ones are refused.</summary>
    public Ballot Promised { get; init; }

    /// <summary>What was last accepted, chosen or not; null where nothing was.</summary>
    public BallotedRecord? Accepted { get; init; }

    /// <summary>What is known to be chosen; null where nothing is.</summary>
    public BallotedRecord? Decided { get; init; }

    /// <summary>One per file id at the most; all above the decided ballot.</summary>
    public IReadOnlyList<RegisterSeal> Seals { get; init; } = [];

    /// <summary>
    /// The generation of the store in which this register was last brought up. In another generation it has no vote.
    /// </summary>
    public long Generation { get; init; }
}
