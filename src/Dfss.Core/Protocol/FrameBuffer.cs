using System.Buffers;

namespace Dfss.Protocol;

/// <summary>
/// Builds the beginning of one frame: the prefix, then what is written. One writer reuses it for all its frames, so
/// that sending makes no garbage.
/// </summary>
internal sealed class FrameBuffer : IBufferWriter<byte>
{
    /// <summary>1 KiB: an ordinary header takes about 60 bytes, a notice or error a few hundred.</summary>
    private const int InitialBytes = 1 << 10;

    private byte[] bytes = new byte[InitialBytes];
    private int count = Frame.PrefixBytes;

    /// <summary>
    /// The contents of the buffer: the prefix, which is valid after <see cref="Seal"/>, and all bytes behind it.
    /// </summary>
    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, count);

    /// <summary>The number of bytes behind the prefix.</summary>
    public int BodyBytes => count - Frame.PrefixBytes;

    /// <summary>Empties the buffer for the next frame.</summary>
    public void Clear()
    {
        if (bytes.Length > DfssLimits.MaxHeaderBytes)
        {
            bytes = new byte[InitialBytes];
        }

        count = Frame.PrefixBytes;
    }

    /// <summary>
    /// Writes the prefix of a body that has <paramref name="bytesToFollow"/> bytes more than this buffer.
    /// </summary>
    public void Seal(int bytesToFollow) => Frame.WritePrefix(bytes, BodyBytes + bytesToFollow);

    public void Advance(int count) => this.count += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsMemory(count);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return bytes.AsSpan(count);
    }

    private void Reserve(int sizeHint)
    {
        int needed = count + Math.Max(1, sizeHint);
        if (needed > bytes.Length)
        {
            Array.Resize(ref bytes, Math.Max(needed, bytes.Length * 2));
        }
    }
}
