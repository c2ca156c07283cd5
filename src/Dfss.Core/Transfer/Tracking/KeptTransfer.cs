namespace Dfss.Transfer;

/// <summary>What an interrupted transfer has kept beside its journal: the chunk ids of a send, the part file of a
/// receive.</summary>
internal static class KeptTransfer
{
    /// <summary>
    /// About how many bytes need not be transferred again. Of a send these are what the peers have confirmed, which its
    /// journal says, if the file has not changed since; of a repair it is not known, and 0.
    /// </summary>
    public static long CountBytes(TransferDescription description)
    {
        try
        {
            return description switch
            {
                { Kind: TransferKind.Send } => SourceState.IsUnchanged(description)
                    ? Math.Clamp(description.TransferredBytes, 0, Math.Max(0, description.Length))
                    : 0,
                { Kind: TransferKind.Receive, LocalPath: { } path } =>
                    Math.Min(
                        description.Length, PartTrailer.CountClaimedBytes(PartOf(path), description.Length)),
                _ => 0,
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DfssException)
        {
            return 0;
        }
    }

    /// <summary>Deletes it.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public static void Forget(string stateFolder, TransferDescription description)
    {
        if (description is { Kind: TransferKind.Send, LocalPath: { } source })
        {
            SendJournals.Forget(stateFolder, source);
        }

        if (description is { Kind: TransferKind.Receive, LocalPath: { } destination })
        {
            PartTrailer.ForgetPart(PartOf(destination), description.Length);
        }
    }

    /// <summary>It is beside the file that a link leads to.</summary>
    private static string PartOf(string destination) => PartFile.PathOf(DestinationPath.Resolve(destination));
}
