namespace Dfss.Records;

/// <summary>How far a change is.</summary>
internal enum ProposerState
{
    /// <summary>Asking for promises; the current record of the name is not known yet.</summary>
    Preparing,

    /// <summary>The condition holds on <see cref="SealingRound.Current"/>: put the chunks, then call
    /// <see cref="SealingRound.Propose"/>.</summary>
    Prepared,

    /// <summary>The members make the chunks durable and promise to keep them.</summary>
    Sealing,

    /// <summary>
    /// Too few chunks are sealed: put the chunks of <see cref="SealingRound.MissingAt"/> and
    /// <see cref="SealingRound.IsManifestMissingAt"/> again, then call <see cref="SealingRound.Reseal()"/>; or put them
    /// elsewhere and call <see cref="SealingRound.Reseal(SealPlan)"/>.
    /// </summary>
    ChunksMissing,

    /// <summary>The record is being accepted: from here on it may be chosen even if this writer ends.</summary>
    Accepting,

    /// <summary>
    /// Another writer's unfinished change is in conflict and is being finished, before the conflict is reported.
    /// </summary>
    Deciding,

    /// <summary>Done: the change is made, <see cref="SealingRound.Chosen"/> is it.</summary>
    Chosen,

    /// <summary>Done: the condition does not hold on <see cref="SealingRound.Current"/>. Nothing was changed.</summary>
    Conflict,

    /// <summary>Given up before anything was changed.</summary>
    NoMajority,

    /// <summary>
    /// Done: the name is at a later home (<see cref="RegisterRound.NextHome"/>). Nothing of this change was made or
    /// will be made.
    /// </summary>
    Moved,

    /// <summary>Given up after a member was asked to accept: the change may or may not have been made, or another
    /// client may finish it.</summary>
    Uncertain,
}
