namespace Dfss.Transfer;

/// <summary>What a transfer is doing.</summary>
public enum TransferPhase
{
    /// <summary>Finding the peers and the name's record.</summary>
    Negotiating,

    /// <summary>Reading and hashing the local file, to compare it.</summary>
    Hashing,

    /// <summary>Asking the peers which chunks of a file they have; nothing is read or moved.</summary>
    Comparing,

    /// <summary>Moving chunks; each is hashed as it goes.</summary>
    Transferring,

    /// <summary>Hashing what is there already, here or at the peers.</summary>
    Verifying,

    /// <summary>
    /// Making the file durable at the peers and its name decided; or putting the received file in its place.
    /// </summary>
    Committing,
}

/// <summary>How far a transfer is.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="TransferredBytes">Bytes of the file that are at their destination.</param>
/// <param name="TotalBytes">The file's length.</param>
public readonly record struct TransferProgress(TransferPhase Phase, long TransferredBytes, long TotalBytes)
{
    /// <summary>
    /// The percentage of the phase that is done, if that is not the share of the bytes; else null.
    /// </summary>
    public int? PhasePercent { get; init; }
}
