namespace Dfss.Records;

/// <summary>How far a change is.</summary>
internal enum ProposerState
{
    /// <summary>Asking for promises; what the name is at is not known yet.</summary>
    Preparing,

    /// <summary>The condition holds on <see cref="SealingRound.Current"/>: put the chunks, then call
    /// <see cref="SealingRound.Propose"/>.</summary>
    Prepared,

    /// <summary>The members make the chunks durable and promise to keep them.</summary>
    Sealing,

    /// <summary>Too few chunks are sealed: put again what <see cref="SealingRound.MissingAt"/> and
    /// <see cref="SealingRound.IsManifestMissingAt"/> say, then call <see cref="SealingRound.Reseal()"/>; or put them
    /// elsewhere and call <see cref="SealingRound.Reseal(SealPlan)"/>.</summary>
    ChunksMissing,

    /// <summary>The record is being accepted: from here on it may come to be chosen whatever happens to this
    /// writer.</summary>
    Accepting,

    /// <summary>Another writer's unfinished change stands in the way and is being finished, before that is
    /// reported.</summary>
    Deciding,

    /// <summary>Done: the change is made, <see cref="SealingRound.Chosen"/> is it.</summary>
    Chosen,

    /// <summary>Done: the condition does not hold on <see cref="SealingRound.Current"/>. Nothing was changed.</summary>
    Conflict,

    /// <summary>Given up before anything was changed.</summary>
    NoMajority,

    /// <summary>Done: the name is at a later home (<see cref="RegisterRound.NextHome"/>). Nothing of this change was
    /// made, nor will be.</summary>
    Moved,

    /// <summary>Given up after a member was asked to accept: the change may or may not have been made, or another
    /// client may finish it.</summary>
    Uncertain,
}
