namespace Dfss.Transfer;

/// <summary>
/// Bytes a second over the last few seconds: steady enough to read, and 0 soon after everything stands still. Not known
/// before bytes have moved for a second.
/// </summary>
public sealed class TransferRate
{
    /// <summary>5 s: a rate over less jumps with every chunk and every sync at a peer.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    private readonly Queue<(TimeSpan Time, long Bytes)> samples = new();

    /// <summary>The rate; null while it is not known.</summary>
    public double? BytesPerSecond { get; private set; }

    /// <summary>So many bytes have moved until now.</summary>
    public void Add(TimeSpan now, long bytes)
    {
        if (bytes == 0)
        {
            // Finding the peers is no part of it.
            samples.Clear();
        }

        // One sample stays that is as old as the window, or all there are.
        while (samples.Count > 1 && now - samples.ElementAt(1).Time >= Window)
        {
            samples.Dequeue();
        }

        samples.Enqueue((now, bytes));
        (TimeSpan time, long before) = samples.Peek();
        BytesPerSecond = now - time >= Least ? Math.Max(0, bytes - before) / (now - time).TotalSeconds : null;
    }
}
