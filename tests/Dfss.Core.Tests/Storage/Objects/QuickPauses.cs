namespace Dfss.Tests.Storage.Objects;

/// <summary>A clock whose pauses end at once, and which remembers how long they were.</summary>
internal sealed class QuickPauses : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<TimeSpan> pauses = [];

    public IReadOnlyList<TimeSpan> Pauses
    {
        get
        {
            lock (gate)
            {
                return [.. pauses];
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (gate)
        {
            pauses.Add(dueTime);
        }

        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
