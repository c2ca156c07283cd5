namespace Dfss.Transfer;

/// <summary>
/// Decides whether a sender asks a peer for a chunk before it puts it. A question costs a round trip, and saves the
/// transfer of a chunk that the peer has. The put itself also answers whether the chunk was there: where new and
/// present chunks alternate in runs, the chunks in flight at the start of each present run are what is sent twice.
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
