using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>A plan in the words of -WhatIf.</summary>
internal static class PlanText
{
    /// <summary>What would be moved to, or from, which peers.</summary>
    internal static string Describe(TransferPlan plan, bool isSend)
    {
        string where = string.Join(", ", plan.Peers.Select(share => isSend && plan.Peers.Count > 1
            ? $"{share.Peer.DisplayName} ({ByteSize.ToText(share.Bytes)})"
            : share.Peer.DisplayName));
        string saved = plan.SavedBytes == 0 ? string.Empty : $", {ByteSize.ToText(plan.SavedBytes)} there already";
        string copies = FormattableString.Invariant($"{plan.Copies} {(plan.Copies == 1 ? "copy" : "copies")}");
        return $"{ByteSize.ToText(plan.MovedBytes)} {(isSend ? "to" : "from")} {where}{saved}, {copies}"
            + (plan.Problem is null ? string.Empty : Fail(plan.Problem));
    }

    /// <summary>Why the transfer would fail.</summary>
    internal static string Fail(string reason) => $", which would fail: {reason.TrimEnd('.')}";

    /// <summary>The plan for a stored file of which nothing is moved.</summary>
    internal static TransferPlan CreateIdle(StoredFile file, long saved) =>
        new(file.Record.ContentLength, MovedBytes: 0, saved, file.Record.Replicas)
        {
            Peers = [.. file.Record.Home.Select(member => new PeerShare(member, Bytes: 0))],
        };

    /// <summary>The file that a link leads to; null for a file that is no link.</summary>
    internal static string? FindLinkTarget(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It was removed meanwhile: the transfer says so.
            return null;
        }
    }
}
