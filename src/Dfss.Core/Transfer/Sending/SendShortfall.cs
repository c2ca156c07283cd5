using System.Globalization;

namespace Dfss.Transfer;

/// <summary>
/// The errors and warnings of a send when members of its home are left out: too few to decide, too few for its minimum
/// of copies, or fewer copies than were asked for.
/// </summary>
internal sealed class SendShortfall
{
    private readonly string sourcePath;
    private readonly Home home;
    private readonly PeerDirectory directory;
    private readonly TransferOptions options;

    public SendShortfall(string sourcePath, Home home, SendPlan plan, PeerDirectory directory, TransferOptions options)
    {
        this.sourcePath = sourcePath;
        this.home = home;
        this.directory = directory;
        this.options = options;
        Plan = plan;
        plan.LeftOut = WarnOfLeftOut;
    }

    /// <summary>The members.</summary>
    public Home Home => home;

    /// <summary>Which members hold which chunks.</summary>
    public SendPlan Plan { get; }

    private bool HasMajority => home.ReachedCount - Plan.Losses.Count() >= home.Majority;

    /// <summary>Why each member is left out, in whole sentences.</summary>
    private string Reasons => string.Join(
        " ", Plan.Reasons.Select(reason => reason.Reason).Prepend(home.Reasons).Where(reason => reason.Length > 0));

    /// <summary>Fails where so many members were lost that the rest cannot decide.</summary>
    /// <exception cref="DfssException">NoMajority, with each one's reason.</exception>
    public void ThrowIfUndecidable()
    {
        if (!HasMajority)
        {
            throw new DfssException(
                DfssErrorCode.NoMajority,
                $"'{sourcePath}' was not sent: {home.Majority} of its {home.Count} peers must decide on it, and "
                + "fewer are left. "
                + $"Nothing was changed. {Reasons}");
        }
    }

    /// <summary>Fails if fewer members take chunks than the send needs copies.</summary>
    /// <exception cref="DfssException">
    /// The common error of all that are left out, such as StoreFull, if waiting does not help or no member is left;
    /// </exception>
    public void ThrowIfBelowMinimum()
    {
        if (!Plan.IsBelowMinimum)
        {
            return;
        }

        DfssErrorCode code = home.ReachedCount == home.Count
            && Plan.Reasons.Select(reason => reason.Code).Distinct().ToList() is [DfssErrorCode common]
            && (Plan.PossibleReplicas == 0 || Plan.Reasons.All(reason => !reason.IsTransient))
                ? common
                : DfssErrorCode.TooFewReplicas;
        string takers = Plan.PossibleReplicas == 0 ? "none does" : string.Create(
            CultureInfo.InvariantCulture,
            $"only {Plan.PossibleReplicas} {(Plan.PossibleReplicas == 1 ? "does" : "do")}");
        string copies = Plan.MinimumReplicas == 1 ? "a peer that takes" : string.Create(
            CultureInfo.InvariantCulture, $"{Plan.MinimumReplicas} peers that take");
        throw new DfssException(
            code,
            string.Create(
                CultureInfo.InvariantCulture,
                $"'{sourcePath}' was not sent: its chunks need {copies} them, and of its {home.Count} {takers}. ")
            + $"Nothing was changed. {Reasons}",
            Plan.MinimumReplicas == 1
                ? Plan.Reasons.FirstOrDefault(reason => reason.Code == code)?.Advice
                : "Repair those peers, or accept fewer copies (-MinimumReplicas).",
            Plan.Reasons.FirstOrDefault())
        {
            ChunkId = Plan.Reasons.FirstOrDefault(reason => reason.Code == code)?.ChunkId,
        };
    }

    /// <summary>Warns, once for the same peers, that the file has fewer copies than were asked for.</summary>
    public void WarnOfFewerCopies()
    {
        int copies = Plan.PossibleReplicas;
        string[] missing =
            [.. Enumerable.Range(0, home.Count).Where(member => !Plan.CanTake(member))
                .Select(member => home.Members[member].DisplayName)];
        if (copies < Plan.Replicas && directory.IsFirstTold($"{copies}: {string.Join(' ', missing)}"))
        {
            options.Warning?.Invoke(string.Create(
                CultureInfo.InvariantCulture,
                $"'{sourcePath}', and maybe others after it, has {copies} of the {Plan.Replicas} copies asked "
                    + $"for. {Reasons}"));
        }
    }

    private void WarnOfLeftOut(int member, DfssException reason)
    {
        // Once for a peer, however many files it fails; if it ends the send, the error of the send has the reason.
        PeerHandle peer = home[member]!;
        if (HasMajority && !Plan.IsBelowMinimum && peer.IsFirstRefusal())
        {
            string lost = reason.IsOfLostPeer
                ? $"{peer} was lost, and gets no more chunks; the first that did not arrive is of '{sourcePath}': "
                : $"{peer} accepts no more chunks; the first that it refused is of '{sourcePath}': ";
            options.Warning?.Invoke($"{lost}{peer.ReasonOf(reason)}");
        }
    }
}
