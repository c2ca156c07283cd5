using System.Buffers.Binary;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>Looks into, and damages, a store's folder.</summary>
internal static class StoreFiles
{
    public static string PathOf(string store, ChunkId id) =>
        Path.Combine(store, "chunks", id.ToString()[..2], id.ToString());

    public static void Corrupt(string store, ChunkId id)
    {
        using FileStream file = File.Open(PathOf(store, id), FileMode.Open, FileAccess.ReadWrite);
        file.Position = file.Length / 2;
        int before = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(before ^ 1));
    }

    /// <summary>Gives a small chunk other bytes.</summary>
    public static async Task CorruptRowAsync(string store, ChunkId id)
    {
        await using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(store, "chunks.db")};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "UPDATE chunk SET content = zeroblob(10) WHERE id = $1";
        command.Parameters.AddWithValue("$1", id.ToByteArray());
        Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>
    /// Breaks the chain of the pages of a closed store's small chunk, of which it needs several: a page in its middle
    /// names an impossible one as the next.
    /// </summary>
    public static async Task BreakRowAsync(string store, byte[] content)
    {
        string path = Path.Combine(store, "chunks.db");
        byte[] database = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        int pageBytes = BinaryPrimitives.ReadUInt16BigEndian(database.AsSpan(16));
        int middle = database.AsSpan().IndexOf(content.AsSpan(content.Length / 2, 64));
        Assert.NotEqual(-1, middle);
        database.AsSpan(middle / pageBytes * pageBytes, sizeof(int)).Fill(0x7f);
        await File.WriteAllBytesAsync(path, database, TestContext.Current.CancellationToken);
    }

    public static string[] Incoming(string store) => Directory.GetFiles(Path.Combine(store, "incoming"));
}
