using System.Globalization;

namespace Dfss.Transfer;

/// <content>The failures of holders, and their reports.</content>
internal sealed partial class ChunkRead
{
    private string What =>
        chunkIndex is int index ? string.Create(CultureInfo.InvariantCulture, $"Chunk {index}") : "The manifest";

    private void TellFailure(Failure failure)
    {
        Say(failure.Reason);
        if (failure.IsHoldersFault && Home.Members[failure.Member].StoreId is StoreId id)
        {
            Health.Tell(id, $"{NameOf(failure.Member)}: chunks come from the other holders. {failure.Detail}");
        }
    }

    private void NoteFailure(ChunkRequest question, ChunkAnswer answer)
    {
        int member = question.Member;
        order.Widen();
        if (question.Peer is not PeerHandle peer)
        {
            Note(member, Home.ReasonOf(member) ?? $"{NameOf(member)} cannot be reached.", isHoldersFault: true);
        }
        else if (answer.Error is DfssException error)
        {
            code = error.Code;
            bool isCorrupt = error.Code == DfssErrorCode.ChunkCorrupt;
            DfssException failure = isCorrupt ? error.At(peer.Link.Address) : error;
            Note(member, failure.Reason, isHoldersFault: true, peer.ReasonOf(failure));
            if (isCorrupt)
            {
                (corruptHolders ??= []).Add(peer.StoreId);
                fetcher.Options.Warning?.Invoke($"{peer} gave wrong bytes for chunk {id}; they were not used.");
                (reports ??= []).Add(ReportAsync(peer));
            }
        }
        else
        {
            string reason = answer.Length is not null ? $"{peer} has {answer.Length} bytes of it."
                : corruptHolders?.Contains(peer.StoreId) == true ? $"{peer} gave wrong bytes and has set them aside."
                : $"{peer} does not have it.";
            Note(member, reason, isHoldersFault: false);
        }
    }

    /// <param name="member">The holder.</param>
    /// <param name="reason">What failed.</param>
    /// <param name="isHoldersFault">Whether other requests avoid the holder from now on.</param>
    /// <param name="detail">
    /// The reason in a sentence that names the holder already; null if it is the same text.
    /// </param>
    private void Note(int member, string reason, bool isHoldersFault, string? detail = null)
    {
        (failures ??= []).Add(new Failure(member, reason, isHoldersFault, detail ?? reason));
        if (isHoldersFault && Home.Members[member].StoreId is StoreId id)
        {
            Health.Avoid(id);
        }
    }

    private async Task<DfssException> FailAsync()
    {
        await Task.WhenAll(reports ?? []).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        reports?.Clear();
        List<string> reasons =
            [.. (failures ?? []).Where(failure => Home[failure.Member] is not null).Select(failure => failure.Reason)];
        if (Home.ReachedCount < Home.Count)
        {
            // Unreachable holders may have the chunk, and the same command may succeed when they are back.
            code = code == DfssErrorCode.ChunkNotFound ? DfssErrorCode.PeerUnreachable : code;
            reasons.Add(Home.Reasons);
        }

        code = corruptHolders is not null ? DfssErrorCode.ChunkCorrupt : code;
        return new DfssException(
            code,
            $"{What} of '{fetcher.Record.Name}' ({id}) cannot be read from any peer. {string.Join(" ", reasons)}",
            code == DfssErrorCode.PeerUnreachable ? "Start that peer: no other has these chunks." : null)
        { ChunkId = id };
    }

    /// <summary>Has the peer verify the chunk, so that it sets the wrong bytes aside.</summary>
    private async Task ReportAsync(PeerHandle peer)
    {
        try
        {
            await peer.Verifier.VerifyAsync(id, fetcher.AbandonedRequests.Stopping).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            Say($"{peer} could not look at the chunk: {error.Reason}");
        }
    }

    private readonly record struct Failure(int Member, string Reason, bool IsHoldersFault, string Detail);
}
