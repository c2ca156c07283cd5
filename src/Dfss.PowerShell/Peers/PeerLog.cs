using System.Globalization;
using System.Text;
using Dfss.Storage;

namespace Dfss.Commands;

/// <summary>
/// The log of a detached peer: lines with their time. Kept until the file is opened. A file that has reached its limit
/// is renamed with <see cref="FormerSuffix"/> and replaces the former one: the two take twice the limit at most. Safe
/// for use from many threads.
/// </summary>
internal sealed class PeerLog : IDisposable
{
    /// <summary>The suffix of the former file's name.</summary>
    internal const string FormerSuffix = ".1";

    private readonly Lock gate = new();
    private readonly List<string> early = [];
    private FileStream? file;
    private long maxBytes;
    private long lost;

    /// <summary>Continues in a file of at most <paramref name="limitBytes"/> bytes.</summary>
    internal void Open(string path, long limitBytes)
    {
        lock (gate)
        {
            maxBytes = limitBytes;
            file = Append(path);
            early.ForEach(WriteLine);
            early.Clear();
        }
    }

    /// <summary>
    /// Writes a line. A line that cannot be written is counted, and the next line that can be written states how many
    /// were lost: a peer whose disk is full must still answer its clients, and does not fail because of its log.
    /// </summary>
    internal void Write(string text)
    {
        string line = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss.fff'Z '",
            CultureInfo.InvariantCulture) + text;
        lock (gate)
        {
            if (file is null)
            {
                early.Add(line);
            }
            else
            {
                WriteLine(line);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    private static FileStream Append(string path) =>
        OwnerOnly.OpenStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private void WriteLine(string line)
    {
        string told = lost == 0
            ? line
            : string.Create(CultureInfo.InvariantCulture, $"{line} ({lost} lines before were lost.)");
        byte[] bytes = Encoding.UTF8.GetBytes(told + Environment.NewLine);
        try
        {
            if (file!.Length > 0 && file.Length + bytes.Length > maxBytes)
            {
                Rotate();
            }

            file.Write(bytes);
            lost = 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            lost++;
        }
    }

    private void Rotate()
    {
        FileStream full = file!;
        File.Move(full.Name, full.Name + FormerSuffix, overwrite: true);
        file = Append(full.Name);
        full.Dispose();
    }
}
