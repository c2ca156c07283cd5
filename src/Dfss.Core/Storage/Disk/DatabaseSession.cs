using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>One connection to an SQLite file with its prepared statements. For one thread at a time.</summary>
internal sealed partial class DatabaseSession : IDisposable
{
    // SQLITE_FULL.
    private const int DatabaseFull = 13;

    // SQLITE_IOERR_WRITE and SQLITE_IOERR_SHMSIZE: a write to the log, or the growing of its index. Not a sync: it is
    // unknown what a failed sync has left on the disk.
    private const int WriteFailed = 10 | (3 << 8);
    private const int IndexNotGrown = 10 | (19 << 8);

    // How long a read waits for another process that recovers the log; there is none, as the store is locked.
    private const int BusyMilliseconds = 5000;

    private readonly SqliteConnection connection;
    private readonly Dictionary<string, SqliteCommand> commands = [];

    private DatabaseSession(string path, SqliteOpenMode mode)
    {
        // Not pooled: a pool would keep the file open, and the store locked, after its close.
        var options = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false };
        connection = new SqliteConnection(options.ToString());
    }

    /// <summary>Opens or makes the file for its one writer.</summary>
    public static DatabaseSession OpenWriter(string path, string schema)
    {
        // SQLite gives its log and index the mode of the file, and finds an empty one as good as none.
        OwnerOnly.Touch(path);
        return Open(path, SqliteOpenMode.ReadWrite, session => SetUp(session, schema));
    }

    /// <summary>Opens the file for queries.</summary>
    public static DatabaseSession OpenReader(string path) =>
        Open(path, SqliteOpenMode.ReadWrite, session => session.Execute("PRAGMA query_only = ON"));

    /// <summary>A prepared statement with parameters $1, $2 and so on, set to these values; it is cached.</summary>
    public SqliteCommand Prepare(string sql, params ReadOnlySpan<object> values)
    {
        if (!commands.TryGetValue(sql, out SqliteCommand? command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is a constant of this assembly; values are parameters.
            command.CommandText = sql;
#pragma warning restore CA2100
            commands.Add(sql, command);
        }

        command.Parameters.Clear();
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue(ParameterNames[i], values[i]);
        }

        return command;
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>The rows changed.</returns>
    public int Execute(string sql, params ReadOnlySpan<object> values) => Prepare(sql, values).ExecuteNonQuery();

    /// <summary>
    /// Whether a statement that has just failed here failed for lack of space. SQLite itself reports only ENOSPC as
    /// such; the system's error number shows a quota that is used up.
    /// </summary>
    public bool IsOutOfSpace(SqliteException exception) => exception.SqliteErrorCode == DatabaseFull
        || (exception.SqliteExtendedErrorCode is WriteFailed or IndexNotGrown
            && DurableFile.IsOutOfSpace(GetSystemError(connection.Handle!.DangerousGetHandle())));

    /// <summary>Undoes the transaction, if SQLite has not done so itself.</summary>
    public void RollBack()
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
        {
            // A failure of this needs no report: the latch is set, or the next BEGIN fails.
            SQLitePCL.raw.sqlite3_exec(connection.Handle, "ROLLBACK");
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose()
    {
        foreach (SqliteCommand command in commands.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_system_errno")]
    private static partial int GetSystemError(nint database);

    private static string[] ParameterNames { get; } = ["$1", "$2", "$3", "$4", "$5"];

    private static void SetUp(DatabaseSession session, string schema)
    {
        // 16 KiB pages: most registers are on one. Only a new file takes it.
        session.Execute("PRAGMA page_size = 16384");
        session.Execute("PRAGMA journal_mode = WAL");
        // FULL: every commit syncs the log. fullfsync matters on macOS only, where a plain fsync stops at the drive's
        // cache.
        session.Execute("PRAGMA synchronous = FULL");
        session.Execute("PRAGMA fullfsync = ON");
        session.Execute("PRAGMA checkpoint_fullfsync = ON");
        // 64 MiB of log: tens of thousands of names go in without a checkpoint between.
        session.Execute("PRAGMA wal_autocheckpoint = 4096");
        session.Execute("PRAGMA journal_size_limit = 67108864");
        session.Execute(schema);
        // The log of before a crash may never have been synced: the checkpoint writes and syncs it.
        session.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    private static DatabaseSession Open(string path, SqliteOpenMode mode, Action<DatabaseSession> prepare)
    {
        var session = new DatabaseSession(path, mode);
        bool isOpen = false;
        try
        {
            session.connection.Open();
            SQLitePCL.raw.sqlite3_busy_timeout(session.connection.Handle, BusyMilliseconds);
            prepare(session);
            isOpen = true;
            return session;
        }
        finally
        {
            if (!isOpen)
            {
                session.Dispose();
            }
        }
    }
}
