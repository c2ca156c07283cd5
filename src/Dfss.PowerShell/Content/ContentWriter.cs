using System.Buffers;
using System.IO.Pipelines;
using System.Management.Automation;
using System.Text;

namespace Dfss.Commands;

/// <summary>Writes objects as text or as bytes into a pipe.</summary>
internal sealed class ContentWriter
{
    /// <summary>64 KiB: so much is written before it goes through the pipe.</summary>
    internal const int FullBytes = 64 << 10;

    private readonly PipeWriter pipe;
    private readonly Encoding? encoding;
    private readonly string lineEnd;

    /// <param name="pipe">The pipe.</param>
    /// <param name="encoding">The encoding of the text; null for bytes.</param>
    /// <param name="hasNoLineEnds">Whether no line end follows each object.</param>
    internal ContentWriter(PipeWriter pipe, Encoding? encoding, bool hasNoLineEnds)
    {
        this.pipe = pipe;
        this.encoding = encoding;
        lineEnd = hasNoLineEnds ? string.Empty : Environment.NewLine;
        pipe.Write(encoding is null ? [] : encoding.Preamble);
    }

    /// <summary>Whether what was written is to be flushed before more is written.</summary>
    internal bool IsFull => pipe.UnflushedBytes >= FullBytes;

    /// <summary>Writes bytes.</summary>
    internal void Write(ReadOnlySpan<byte> bytes) => pipe.Write(bytes);

    /// <summary>Whether text was written that is no text: it has U+0000, or U+FFFD in place of bytes that could not be
    /// decoded.</summary>
    internal bool HasUndecoded { get; private set; }

    /// <summary>Writes an object: its text as a line, or its byte.</summary>
    /// <returns>False for an object that is no whole number of a byte where bytes are written, and for a script block
    /// and an array of bytes where text is.</returns>
    internal bool TryWrite(object item)
    {
        object bare = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (encoding is not null)
        {
            if (bare is ScriptBlock or byte[])
            {
                return false;
            }

            string text = LanguagePrimitives.ConvertTo<string>(item);
            HasUndecoded |= bare is string && text.AsSpan().ContainsAny('\0', '\uFFFD');
            encoding.GetBytes(text, pipe);
            encoding.GetBytes(lineEnd, pipe);
            return true;
        }

        // Whole numbers alone: a conversion takes 1.5 for 2, '65' for 65 and $true for 1.
        bool isWhole = Type.GetTypeCode(bare.GetType()) is >= TypeCode.SByte and <= TypeCode.UInt64;
        if (!isWhole || !LanguagePrimitives.TryConvertTo(item, out byte value))
        {
            return false;
        }

        pipe.Write([value]);
        return true;
    }
}
