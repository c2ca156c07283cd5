using System.Buffers;

namespace Dfss.Protocol;

/// <summary>
/// Where one frame's beginning is put together: room for the prefix, then what is written. Used again and again by one writer, so that
/// sending makes no garbage.
/// </summary>
internal sealed class FrameBuffer : IBufferWriter<byte>
{
    /// <summary>1 KiB: ordinary headers take some 60 bytes, a notice or error a few hundred.</summary>
    private const int InitialBytes = 1 << 10;

    private byte[] bytes = new byte[InitialBytes];
    private int count = Frame.PrefixBytes;

    /// <summary>What stands in the buffer: the prefix, once <see cref="Seal"/> has written it, and all behind it.</summary>
    public ReadOnlyMemory<byte> Written => bytes.AsMemory(0, count);

    /// <summary>Bytes behind the prefix.</summary>
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

    /// <summary>Writes the prefix of a body of which <paramref name="bytesToFollow"/> bytes are not in this buffer.</summary>
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
