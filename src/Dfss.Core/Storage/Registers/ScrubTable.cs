using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>Where the scrub's progress is kept over restarts: one row of catalog.db.</summary>
internal sealed class ScrubTable(Database database)
{
    /// <summary>The statement that makes it.</summary>
    public const string Schema = """
        CREATE TABLE IF NOT EXISTS scrub (
            only INTEGER PRIMARY KEY CHECK (only = 1), position BLOB, chunks INTEGER NOT NULL, bytes INTEGER NOT NULL,
            corrupt INTEGER NOT NULL, completed INTEGER)
        """;

    /// <summary>What was saved last; a store that was never scrubbed begins at nothing.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>.</exception>
    public ScrubProgress Load() => database.Read(session =>
    {
        using SqliteDataReader row = session.Prepare(
            "SELECT position, chunks, bytes, corrupt, completed FROM scrub").ExecuteReader();
        return !row.Read() ? new ScrubProgress() : new ScrubProgress
        {
            Position = row.IsDBNull(0) ? null : new ChunkId(row.GetFieldValue<byte[]>(0)),
            Chunks = row.GetInt64(1),
            Bytes = row.GetInt64(2),
            Corrupt = row.GetInt64(3),
            Completed = row.IsDBNull(4) ? null : row.GetInt64(4),
        };
    });

    /// <summary>Keeps it.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.StoreFull"/>, <see cref="DfssErrorCode.StoreFailed"/>.
    /// </exception>
    public Task SaveAsync(ScrubProgress progress) => database.WriteAsync(session => session.Execute(
        "INSERT OR REPLACE INTO scrub (only, position, chunks, bytes, corrupt, completed) VALUES (1, $1, "
            + "$2, $3, $4, $5)",
        (object?)progress.Position?.ToByteArray() ?? DBNull.Value,
        progress.Chunks,
        progress.Bytes,
        progress.Corrupt,
        (object?)progress.Completed ?? DBNull.Value));
}
