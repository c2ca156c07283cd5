using System.Text;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>What it writes to the pipeline, block by block.</content>
public sealed partial class GetDfssContentCommand
{
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
        if (Raw)
        {
            range.ThrowIfTooLongForOneObject(file.Name);
        }

        Encoding encoding = await range.FindEncodingAsync(Encoding, cancellationToken).ConfigureAwait(false);
        if (Raw)
        {
            await WriteObjectAsync(await range.ReadWholeTextAsync(
                file.Name, encoding, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
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
}
