namespace Dfss.Transfer;

/// <summary>What a peer answered to the question how it is.</summary>
/// <param name="Peer">Its address, as it was asked.</param>
/// <param name="Info">What it reports; null if it did not.</param>
/// <param name="Failure">Why it did not; null if it did.</param>
/// <param name="Middle">The client's time halfway between the question and the answer.</param>
/// <param name="Uncertainty">Half the time between them, by which the clocks cannot be compared.</param>
internal sealed record PeerAnswer(
    PeerAddress Peer, PeerInfo? Info, DfssException? Failure, DateTimeOffset Middle, TimeSpan Uncertainty)
{
    /// <summary>Whether the peer runs, and refuses to report to this client.</summary>
    public bool IsRefusal => Failure?.Code
        is DfssErrorCode.TlsRequired or DfssErrorCode.TlsNotExpected or DfssErrorCode.NotAuthenticated
        or DfssErrorCode.NotPermitted or DfssErrorCode.CertificateExpired or DfssErrorCode.CertificateRevoked
        or DfssErrorCode.CertificateNotTrusted or DfssErrorCode.RevocationStatusUnknown;
}
