using System.Globalization;

namespace Dfss.Commands;

/// <summary>
/// The log of a detached peer: lines with their time. Kept until the file is opened. Safe for use from many threads.
/// </summary>
internal sealed class PeerLog : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly List<string> early = [];
    private StreamWriter? writer;

    /// <summary>Goes on in a file. A file over <paramref name="maxBytes"/> begins anew.</summary>
    internal void Open(string path, long maxBytes)
    {
        var file = new FileInfo(path);
        FileMode mode = file.Exists && file.Length > maxBytes ? FileMode.Create : FileMode.Append;
        lock (gate)
        {
            var stream = new FileStream(path, mode, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            writer = new StreamWriter(stream) { AutoFlush = true };
            early.ForEach(writer.WriteLine);
            early.Clear();
        }
    }

    /// <summary>Writes a line.</summary>
    internal void Write(string text)
    {
        string line = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss.fff'Z '",
            CultureInfo.InvariantCulture) + text;
        lock (gate)
        {
            if (writer is null)
            {
                early.Add(line);
            }
            else
            {
                writer.WriteLine(line);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => writer?.DisposeAsync() ?? ValueTask.CompletedTask;
}
