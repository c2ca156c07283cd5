using System.Globalization;
using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Benchmarks;

/// <summary>Segments of generated chunks: their indexes list the records, and the bytes are holes.</summary>
internal static class HoleSegments
{
    /// <summary>Writes a segment that is full by its bytes or its records, as a collection leaves it.</summary>
    public static async Task WriteAsync(string store, uint number, List<SegmentRecord> records)
    {
        var ownId = Guid.NewGuid();
        long end = records[^1].Location.End;
        string name = number.ToString("x8", CultureInfo.InvariantCulture) + SegmentFormat.Extension;
        string path = Path.Combine(store, "chunks", name);
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, end);
            RandomAccess.Write(file, SegmentFormat.Header(ownId, SegmentFormat.HeaderBytes, end), fileOffset: 0);
        }

        await File.WriteAllBytesAsync(
            Path.ChangeExtension(path, SegmentFormat.IndexExtension), new SegmentIndex(ownId, end, records).Encode());
    }
}
