using System.Collections.Concurrent;

namespace Dfss.Commands;

/// <summary>A warning, or a verbose line.</summary>
/// <param name="IsWarning">Whether it is a warning.</param>
/// <param name="Text">The text.</param>
/// <param name="IsOfWait">Whether it only says that a peer is waited for.</param>
internal sealed record DriveMessage(bool IsWarning, string Text, bool IsOfWait = false);

/// <summary>
/// The warnings and verbose lines of a drive's client. They come from any thread, and only a call of the engine can
/// show them: between two calls they are held. A warning names the path of the call that shows it. Each call shows
/// all of its warnings, each once: what it says of what is known may be all that tells a part from the whole, and a
/// command before may have hidden the same. Only that a peer is waited for is not said again at once.
/// </summary>
/// <param name="clock">The clock.</param>
/// <param name="drive">The drive as users write it: D:.</param>
internal sealed class DriveMessages(TimeProvider clock, string drive)
{
    /// <summary>
    /// 1 s: the engine makes several calls for one command, one at once after the other. Calls that follow in that time
    /// are taken for one command, which is told once that a peer is waited for.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>30 s: a script whose calls never pause is told again after this time.</summary>
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromSeconds(30);

    /// <summary>100: more, of a drive that is not used, are dropped.</summary>
    private const int MaxHeld = 100;

    /// <summary>100 different warnings are remembered; then all are forgotten, and may be shown once more.</summary>
    internal const int MaxRemembered = 100;

    private readonly ConcurrentQueue<DriveMessage> held = [];
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> shownAt = new(StringComparer.Ordinal);
    private volatile Action<DriveMessage>? show;
    private long lastEnd;

    /// <summary>The clock.</summary>
    internal TimeProvider Clock => clock;

    /// <summary>How many warnings are remembered.</summary>
    internal int Remembered
    {
        get
        {
            lock (gate)
            {
                return shownAt.Count;
            }
        }
    }

    /// <summary>Forgets which waits were shown: the next command shows them again.</summary>
    internal void Forget()
    {
        lock (gate)
        {
            shownAt.Clear();
        }
    }

    /// <summary>Takes a warning.</summary>
    internal void Warn(string text) => Take(new DriveMessage(IsWarning: true, text));

    /// <summary>Takes a warning that a peer is waited for.</summary>
    internal void WarnOfWait(string text) => Take(new DriveMessage(IsWarning: true, text, IsOfWait: true));

    /// <summary>Takes a verbose line.</summary>
    internal void Tell(string text) => Take(new DriveMessage(IsWarning: false, text));

    /// <summary>Shows messages with this until the result is called, those that are held first.</summary>
    /// <param name="showNow">Shows a warning, or a verbose line.</param>
    /// <param name="path">The path of the call, as users write it.</param>
    internal Action ShowWith(Action<DriveMessage> showNow, string path)
    {
        Action<DriveMessage>? before = show;
        lock (gate)
        {
            if (before is null && clock.GetElapsedTime(lastEnd) > Pause)
            {
                shownAt.Clear();
            }
        }

        var ofCall = new HashSet<string>(StringComparer.Ordinal);
        show = message => Show(showNow, ofCall, path, message);
        while (held.TryDequeue(out DriveMessage? message))
        {
            Show(showNow, ofCall, drive, message);
        }

        return () =>
        {
            show = before;
            lock (gate)
            {
                lastEnd = clock.GetTimestamp();
            }
        };
    }

    private void Show(Action<DriveMessage> showNow, HashSet<string> ofCall, string path, DriveMessage message)
    {
        if (!message.IsWarning)
        {
            showNow(message);
        }
        else if (IsNew(ofCall, $"{path}: {message.Text}", message.IsOfWait))
        {
            showNow(message with { Text = $"'{path}': {message.Text}" });
        }
    }

    private bool IsNew(HashSet<string> ofCall, string text, bool isOfWait)
    {
        lock (gate)
        {
            if (!isOfWait)
            {
                if (ofCall.Count >= MaxRemembered)
                {
                    ofCall.Clear();
                }

                return ofCall.Add(text);
            }

            if (shownAt.TryGetValue(text, out long last) && clock.GetElapsedTime(last) < RepeatAfter)
            {
                return false;
            }

            if (shownAt.Count >= MaxRemembered)
            {
                shownAt.Clear();
            }

            shownAt[text] = clock.GetTimestamp();
            return true;
        }
    }

    private void Take(DriveMessage message)
    {
        if (show is { } now)
        {
            now(message);
        }
        else if (held.Count < MaxHeld)
        {
            held.Enqueue(message);
        }
    }
}
