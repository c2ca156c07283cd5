using Dfss.Tests.Storage;
using Microsoft.Data.Sqlite;

namespace Dfss.Tests.Survival;

/// <summary>
/// Finds the chunks of a store on disk, wherever they lie, and flips one bit of one of them, under a running peer.
/// </summary>
internal static class StoredBit
{
    /// <summary>Every chunk: those that are files, and those that are rows, manifests among them.</summary>
    public static IReadOnlyList<(ChunkId Id, bool IsRow)> ListChunks(string store)
    {
        List<(ChunkId, bool)> chunks =
        [
            .. Directory.GetFiles(Path.Combine(store, "chunks"), "*", SearchOption.AllDirectories)
                .Select(path => (ChunkId.Parse(Path.GetFileName(path)), false)),
        ];
        using SqliteConnection connection = Open(store);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT id FROM chunk WHERE length(content) > 0";
        using SqliteDataReader rows = command.ExecuteReader();
        while (rows.Read())
        {
            chunks.Add((new ChunkId(rows.GetFieldValue<byte[]>(0)), true));
        }

        return chunks;
    }

    public static void Flip(string store, (ChunkId Id, bool IsRow) chunk, Random random)
    {
        if (!chunk.IsRow)
        {
            using FileStream file = File.Open(StoreFiles.PathOf(store, chunk.Id), FileMode.Open, FileAccess.ReadWrite);
            file.Position = random.NextInt64(file.Length);
            int before = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(before ^ (1 << random.Next(8))));
            return;
        }

        using SqliteConnection connection = Open(store);
        using SqliteCommand read = connection.CreateCommand();
        read.CommandText = "SELECT content FROM chunk WHERE id = $1";
        read.Parameters.AddWithValue("$1", chunk.Id.ToByteArray());
        byte[] content = (byte[])read.ExecuteScalar()!;
        content[random.Next(content.Length)] ^= (byte)(1 << random.Next(8));
        using SqliteCommand write = connection.CreateCommand();
        write.CommandText = "UPDATE chunk SET content = $2 WHERE id = $1";
        write.Parameters.AddWithValue("$1", chunk.Id.ToByteArray());
        write.Parameters.AddWithValue("$2", content);
        write.ExecuteNonQuery();
    }

    private static SqliteConnection Open(string store)
    {
        SqliteConnection connection = new($"Data Source={Path.Combine(store, "chunks.db")};Pooling=False");
        connection.Open();
        return connection;
    }
}
