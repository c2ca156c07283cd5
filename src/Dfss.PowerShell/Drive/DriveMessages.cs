using System.Collections.Concurrent;

namespace Dfss.Commands;

/// <summary>
/// The warnings and verbose lines of a drive's client. They come from any thread, and only a call of the engine can
/// show them: between two calls they are held.
/// </summary>
internal sealed class DriveMessages
{
    /// <summary>100: more, of a drive that is not used, are dropped.</summary>
    private const int MaxHeld = 100;

    private readonly ConcurrentQueue<(bool IsWarning, string Text)> held = [];
    private volatile Action<bool, string>? show;

    /// <summary>Takes a warning.</summary>
    internal void Warn(string text) => Take(isWarning: true, text);

    /// <summary>Takes a verbose line.</summary>
    internal void Tell(string text) => Take(isWarning: false, text);

    /// <summary>Shows messages with this until the result is called, those that are held first.</summary>
    internal Action ShowWith(Action<bool, string> showNow)
    {
        Action<bool, string>? before = show;
        show = showNow;
        while (held.TryDequeue(out (bool IsWarning, string Text) message))
        {
            showNow(message.IsWarning, message.Text);
        }

        return () => show = before;
    }

    private void Take(bool isWarning, string text)
    {
        if (show is { } now)
        {
            now(isWarning, text);
        }
        else if (held.Count < MaxHeld)
        {
            held.Enqueue((isWarning, text));
        }
    }
}
