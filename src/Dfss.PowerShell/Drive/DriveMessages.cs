using System.Collections.Concurrent;

namespace Dfss.Commands;

/// <summary>
/// The warnings and verbose lines of a drive's client. They come from any thread, and only a call of the engine can
/// show them: between two calls they are held. Calls that follow one another within a second are taken for one command,
/// which gets each warning once.
/// </summary>
/// <param name="clock">The clock.</param>
internal sealed class DriveMessages(TimeProvider clock)
{
    /// <summary>1 s: the engine's calls for one command follow at once, and a user types longer.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>100: more, of a drive that is not used, are dropped.</summary>
    private const int MaxHeld = 100;

    private readonly ConcurrentQueue<(bool IsWarning, string Text)> held = [];
    private readonly ConcurrentDictionary<string, bool> warned = new(StringComparer.Ordinal);
    private volatile Action<bool, string>? show;
    private long lastEnd;

    /// <summary>Takes a warning.</summary>
    internal void Warn(string text) => Take(isWarning: true, text);

    /// <summary>Takes a verbose line.</summary>
    internal void Tell(string text) => Take(isWarning: false, text);

    /// <summary>Shows messages with this until the result is called, those that are held first.</summary>
    internal Action ShowWith(Action<bool, string> showNow)
    {
        Action<bool, string>? before = show;
        if (before is null && clock.GetElapsedTime(Interlocked.Read(ref lastEnd)) > Pause)
        {
            warned.Clear();
        }

        show = showNow;
        while (held.TryDequeue(out (bool IsWarning, string Text) message))
        {
            Show(showNow, message.IsWarning, message.Text);
        }

        return () =>
        {
            show = before;
            Interlocked.Exchange(ref lastEnd, clock.GetTimestamp());
        };
    }

    private void Show(Action<bool, string> showNow, bool isWarning, string text)
    {
        if (!isWarning || warned.TryAdd(text, value: true))
        {
            showNow(isWarning, text);
        }
    }

    private void Take(bool isWarning, string text)
    {
        if (show is { } now)
        {
            Show(now, isWarning, text);
        }
        else if (held.Count < MaxHeld)
        {
            held.Enqueue((isWarning, text));
        }
    }
}
