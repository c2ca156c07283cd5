namespace Dfss.Tests.Storage;

/// <summary>Bytes that differ by a seed and are the same each time.</summary>
internal static class TestChunks
{
    public const int Small = 1000;
    public const int Large = 100_000;

    public static (ChunkId Id, byte[] Content) Make(int seed, int length = Large)
    {
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++)
        {
            content[i] = (byte)((i * 31) + (i >> 8) + seed);
        }

        if (length >= sizeof(int))
        {
            BitConverter.TryWriteBytes(content, seed);
        }

        return (ChunkId.Of(content), content);
    }
}
