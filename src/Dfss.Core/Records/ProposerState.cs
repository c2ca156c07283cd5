namespace Dfss.Records;

/// <summary>How far a change is.</summary>
internal enum ProposerState
{
    /// <summary>Asking for promises; what the name is at is not known yet.</summary>
    Preparing,

    /// <summary>
    /// The condition holds on <see cref="Proposer.Current"/>: put the chunks, then call <see cref="Proposer.Propose"/>.
    /// </summary>
    Prepared,

    /// <summary>The members make the chunks durable and promise to keep them.</summary>
    Sealing,

    /// <summary>
    /// Too few chunks are sealed: put again what <see cref="Proposer.MissingAt"/> and
    /// <see cref="Proposer.IsManifestMissingAt"/> say, then call
    /// <see cref="Proposer.Reseal()"/>; or put them elsewhere and call <see cref="Proposer.Reseal(SealPlan)"/>.
    /// </summary>
    ChunksMissing,

    /// <summary>
    /// The record is being accepted: from here on it may come to be chosen whatever happens to this writer.
    /// </summary>
    Accepting,

    /// <summary>
    /// Another writer's unfinished change stands in the way and is being finished, before that is reported.
    /// </summary>
    Deciding,

    /// <summary>Done: the change is made, <see cref="Proposer.Chosen"/> is it.</summary>
    Chosen,

    /// <summary>Done: the condition does not hold on <see cref="Proposer.Current"/>. Nothing was changed.</summary>
    Conflict,

    /// <summary>Given up before anything was changed.</summary>
    NoMajority,

    /// <summary>
    /// Given up after a member was asked to accept: the change may or may not have been made, or may be made by whoever
    /// finishes it.
    /// </summary>
    Uncertain,
}
