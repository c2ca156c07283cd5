namespace Dfss.Transfer;

/// <summary>
/// Decides whether a sender asks a peer for a chunk before it puts it. A question costs a round trip, and is of use
/// only where the peer has the chunk. The put itself answers whether it was there, so nothing is lost without the
/// question.
/// </summary>
internal sealed class PutInquiry
{
    /// <summary>8 missing chunks in a row, of any file: the next ones are put without a question.</summary>
    private const int LongestRun = 8;

    private int run;

    /// <summary>Whether to ask first.</summary>
    public bool IsWorthwhile => Volatile.Read(ref run) < LongestRun;

    /// <summary>Notes the answer to a question, or a put whose chunk was there.</summary>
    public void Note(bool wasMissing)
    {
        if (!wasMissing)
        {
            Volatile.Write(ref run, 0);
        }
        else if (IsWorthwhile)
        {
            Interlocked.Increment(ref run);
        }
    }
}
