namespace Dfss.Tests.Storage;

/// <summary>Looks into, and damages, a store's folder.</summary>
internal static class StoreFiles
{
    public static string PathOf(string store, ChunkId id) => Path.Combine(store, "chunks", id.ToString()[..2], id.ToString());

    public static void Spoil(string store, ChunkId id)
    {
        using FileStream file = File.Open(PathOf(store, id), FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length / 2;
        int before = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(before ^ 1));
    }

    public static string[] Incoming(string store) => Directory.GetFiles(Path.Combine(store, "incoming"));
}
