using System.Text;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>What it writes to the pipeline, block by block.</content>
public sealed partial class GetDfssContentCommand
{
    /// <summary>The most characters that a string of .NET has.</summary>
    private const int MaxStringLength = 0x3FFF_FFDF;

    /// <summary>Each byte once, so that a file makes no object for each of its bytes.</summary>
    private static readonly object[] ByteObjects =
        [.. Enumerable.Range(byte.MinValue, byte.MaxValue + 1).Select(value => (object)(byte)value)];

    private async Task WriteBytesAsync(ContentRange range, CancellationToken cancellationToken)
    {
        range.Limit(offset: 0, TotalCount ?? long.MaxValue);
        range.LimitToLast(Tail ?? long.MaxValue);
        await foreach (ReadOnlyMemory<byte> block in range.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            isBegun = true;
            if (Raw)
            {
                await WriteObjectAsync(block.ToArray()).ConfigureAwait(false);
                continue;
            }

            await InvokeAsync(() =>
            {
                foreach (byte value in block.Span)
                {
                    WriteObject(ByteObjects[value]);
                }
            }).ConfigureAwait(false);
        }
    }

    private async Task WriteTextAsync(StoredFile file, ContentRange range, CancellationToken cancellationToken)
    {
        Encoding encoding = await range.FindEncodingAsync(Encoding, cancellationToken).ConfigureAwait(false);
        if (Raw)
        {
            await WriteWholeAsync(file, range, encoding, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (Tail is int last)
        {
            await range.LimitToLastLinesAsync(last, encoding, cancellationToken).ConfigureAwait(false);
        }

        long rest = TotalCount ?? long.MaxValue;
        var splitter = new LineSplitter();
        List<string> lines = [];
        await foreach (ReadOnlyMemory<char> text in range.ReadTextAsync(
            encoding, cancellationToken).ConfigureAwait(false))
        {
            splitter.Split(text.Span, lines);
            rest -= await WriteLinesAsync(lines, rest).ConfigureAwait(false);
            if (rest == 0)
            {
                return;
            }
        }

        splitter.End(lines);
        await WriteLinesAsync(lines, rest).ConfigureAwait(false);
    }

    /// <summary>Writes as many of the lines as are wanted.</summary>
    private async Task<long> WriteLinesAsync(List<string> lines, long most)
    {
        int count = (int)Math.Min(lines.Count, most);
        if (count > 0)
        {
            isBegun = true;
            await InvokeAsync(() => lines.GetRange(0, count).ForEach(WriteObject)).ConfigureAwait(false);
        }

        lines.Clear();
        return count;
    }

    private async Task WriteWholeAsync(
        StoredFile file, ContentRange range, Encoding encoding, CancellationToken cancellationToken)
    {
        var whole = new StringBuilder();
        await foreach (ReadOnlyMemory<char> text in range.ReadTextAsync(
            encoding, cancellationToken).ConfigureAwait(false))
        {
            if (whole.Length > MaxStringLength - text.Length)
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    $"The text of '{file.Name}' is longer than one string can be.",
                    "Read it by lines, without -Raw, or with -AsByteStream.");
            }

            whole.Append(text.Span);
        }

        await WriteObjectAsync(whole.ToString()).ConfigureAwait(false);
    }
}
