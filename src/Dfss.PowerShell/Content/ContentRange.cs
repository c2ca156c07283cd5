using System.Runtime.CompilerServices;
using System.Text;

namespace Dfss.Commands;

/// <summary>A run of bytes of a stream, read in blocks as bytes or as text.</summary>
/// <param name="stream">The stream, which can be sought.</param>
internal sealed class ContentRange(Stream stream)
{
    /// <summary>64 KiB: below what .NET keeps among its large objects, which it collects late.</summary>
    internal const int BlockBytes = 64 << 10;

    /// <summary>The most characters that a string of .NET has.</summary>
    private const int MaxStringLength = 0x3FFF_FFDF;

    /// <summary>UTF-32's first, as UTF-16's is its beginning.</summary>
    private static readonly Encoding[] Marked =
    [
        Encoding.UTF32, new UTF32Encoding(bigEndian: true, byteOrderMark: true), Encoding.UTF8, Encoding.Unicode,
        Encoding.BigEndianUnicode,
    ];

    /// <summary>Where it begins.</summary>
    internal long Start { get; private set; }

    /// <summary>Where it ends.</summary>
    internal long End { get; private set; } = stream.Length;

    /// <summary>Leaves out what is before an offset, and what is after a number of bytes from there.</summary>
    internal void Limit(long offset, long count)
    {
        Start = Math.Min(Start + offset, End);
        End = Math.Min(End, count > End - Start ? End : Start + count);
    }

    /// <summary>Leaves out all but the last bytes.</summary>
    internal void LimitToLast(long count) => Start = Math.Max(Start, End - count);

    /// <summary>
    /// The encoding that a byte order mark at the start of the stream names, wherever the run begins; the given one
    /// where there is none. The mark is left out.
    /// </summary>
    internal async Task<Encoding> FindEncodingAsync(Encoding given, CancellationToken cancellationToken)
    {
        const int LongestMark = 4;
        byte[] first = new byte[Math.Min(LongestMark, stream.Length)];
        stream.Position = 0;
        await stream.ReadExactlyAsync(first, cancellationToken).ConfigureAwait(false);
        // The given one first: the mark of UTF-16 is also how that of UTF-32 begins.
        Encoding? marked = Marked.Prepend(given)
            .FirstOrDefault(one => one.Preamble.Length > 0 && first.AsSpan().StartsWith(one.Preamble));
        Start = Math.Min(Math.Max(Start, marked?.Preamble.Length ?? 0), End);
        return marked ?? given;
    }

    /// <summary>Leaves out all but the last lines, which are searched from the end.</summary>
    internal async Task LimitToLastLinesAsync(int count, Encoding encoding, CancellationToken cancellationToken)
    {
        byte[] lineFeed = encoding.GetBytes("\n");
        byte[] carriageReturn = encoding.GetBytes("\r");
        int unit = lineFeed.Length;
        byte[] block = new byte[BlockBytes];
        bool isLineFeedNext = false;
        int found = 0;
        long aligned = End - ((End - Start) % unit);
        while (aligned > Start && count > 0)
        {
            int length = (int)Math.Min(block.Length, aligned - Start);
            aligned -= length;
            stream.Position = aligned;
            await stream.ReadExactlyAsync(block.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            for (int i = length - unit; i >= 0; i -= unit)
            {
                bool isLineFeed = block.AsSpan(i, unit).SequenceEqual(lineFeed);
                bool isEnd = isLineFeed
                    || (!isLineFeedNext && block.AsSpan(i, unit).SequenceEqual(carriageReturn));
                isLineFeedNext = isLineFeed;
                if (isEnd && aligned + i + unit < End && ++found == count)
                {
                    Start = aligned + i + unit;
                    return;
                }
            }
        }

        Start = count > 0 ? Start : End;
    }

    /// <summary>Refuses a run that is too long for one object of .NET, before anything is read.</summary>
    /// <param name="name">The file.</param>
    /// <exception cref="DfssException">InvalidArgument.</exception>
    internal void ThrowIfTooLongForOneObject(string name)
    {
        if (End - Start > Array.MaxLength)
        {
            throw TooLong(name, FormattableString.Invariant(
                $"'{name}' has {End - Start:N0} bytes to read, and one object holds at most {Array.MaxLength:N0}."));
        }
    }

    /// <summary>All of the text.</summary>
    /// <param name="name">The file.</param>
    /// <param name="encoding">Its encoding.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="DfssException">InvalidArgument: one string cannot hold it.</exception>
    internal async Task<string> ReadWholeTextAsync(
        string name, Encoding encoding, CancellationToken cancellationToken)
    {
        ThrowIfTooLongForOneObject(name);
        var whole = new StringBuilder();
        await foreach (ReadOnlyMemory<char> text in ReadTextAsync(encoding, cancellationToken).ConfigureAwait(false))
        {
            if (whole.Length > MaxStringLength - text.Length)
            {
                throw TooLong(name, $"The text of '{name}' is longer than one string can be.");
            }

            whole.Append(text.Span);
        }

        return whole.ToString();
    }

    private static DfssException TooLong(string name, string reason) => new(
        DfssErrorCode.InvalidArgument, reason,
        $"Read it by lines, without -Raw; or bytes in blocks: Get-DfssContent '{name}' -AsByteStream -Raw.");

    /// <summary>The bytes in blocks, each valid until the next.</summary>
    internal async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] block = new byte[(int)Math.Min(BlockBytes, End - Start)];
        stream.Position = Start;
        for (long rest = End - Start; rest > 0;)
        {
            int read = await stream.ReadAsync(
                block.AsMemory(0, (int)Math.Min(block.Length, rest)), cancellationToken).ConfigureAwait(false);
            rest -= read;
            yield return block.AsMemory(0, read);
        }
    }

    /// <summary>The text in blocks, each valid until the next.</summary>
    internal async IAsyncEnumerable<ReadOnlyMemory<char>> ReadTextAsync(
        Encoding encoding, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Decoder decoder = encoding.GetDecoder();
        char[] text = new char[encoding.GetMaxCharCount((int)Math.Min(BlockBytes, End - Start))];
        await foreach (ReadOnlyMemory<byte> block in ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return text.AsMemory(0, decoder.GetChars(block.Span, text, flush: false));
        }

        yield return text.AsMemory(0, decoder.GetChars([], text, flush: true));
    }
}
