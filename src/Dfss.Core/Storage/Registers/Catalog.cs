using System.Text;
using Dfss.Records;
using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <summary>The registers in catalog.db, one row a name. Names are kept as bytes of UTF-8, so that the file's own order
/// is the list's.</summary>
internal sealed partial class Catalog : IRegisterTable, IAsyncDisposable
{
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS store (only INTEGER PRIMARY KEY CHECK (only = 1), id BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS register (
            number INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, state BLOB NOT NULL)
        """;

    private readonly Database database;
    private readonly FailStopLatch fault;

    public Catalog(string path, FailStopLatch fault)
    {
        this.fault = fault;
        database = new Database(path, $"{Schema};{VotesSchema};{ScrubTable.Schema}", fault);
        ScrubTable = new ScrubTable(database);
    }

    /// <summary>Where the scrub keeps its progress.</summary>
    public ScrubTable ScrubTable { get; }

    /// <summary>Whose registers these are; null in a new catalog.</summary>
    public StoreId? StoreId => database.Read(session =>
        session.Prepare("SELECT id FROM store").ExecuteScalar() is byte[] id ? new StoreId(id) : (StoreId?)null);

    /// <summary>The number of names that have a register.</summary>
    public long CountNames() =>
        database.Read(session => (long)session.Prepare("SELECT count(*) FROM register").ExecuteScalar()!);

    /// <summary>Records, once, the id of the store of these registers.</summary>
    public Task SetStoreIdAsync(StoreId id) =>
        database.WriteAsync(
            session => session.Execute("INSERT INTO store (only, id) VALUES (1, $1)", id.ToByteArray()));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterEntry>> LoadAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult<IReadOnlyList<RegisterEntry>>(
            database.Read(session => names.Select(name => Load(session, name)).ToList()));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Not cancelled once begun: it takes a few milliseconds, and after a cancellation it would be unknown what was
    /// stored.
    /// </remarks>
    public async ValueTask<IReadOnlyList<bool>> CompareAndSwapAsync(
        IReadOnlyList<RegisterEntry> changes, long generation, IReadOnlyCollection<StoreClock> heard,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        fault.ThrowIfSet();
        (byte[] Name, long Version, byte[] State)[] rows =
            [.. changes.Select(
                change =>
                    (Encoding.UTF8.GetBytes(change.Name), change.Version, RecordCodec.EncodeState(change.State)))];
        (long? counter, bool[] stored) = await database.WriteAsync(
            session => Raise(session, generation, heard) is { } raised
                ? (raised, Array.ConvertAll(rows, row => CompareAndSwap(session, row)))
                : ((long?)null, new bool[rows.Length])).ConfigureAwait(false);
        if (counter is { } reached)
        {
            Publish(reached);
        }

        return stored;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterEntry>> ListAsync(
        string? after, string prefix, int limit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        byte[] start = Encoding.UTF8.GetBytes(prefix);
        // 0xFF is no byte of UTF-8, so this is above every name that begins with the prefix.
        byte[] end = [.. start, byte.MaxValue];
        byte[] previous = Encoding.UTF8.GetBytes(after ?? string.Empty);
        return ValueTask.FromResult<IReadOnlyList<RegisterEntry>>(
            database.Read(session => List(session, start, end, previous, limit)));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => database.DisposeAsync();

    private static RegisterEntry Load(DatabaseSession session, string name)
    {
        using SqliteDataReader row = session.Prepare(
            "SELECT version, state FROM register WHERE name = $1", Encoding.UTF8.GetBytes(name)).ExecuteReader();
        return row.Read()
            ? new RegisterEntry(name, row.GetInt64(0), RecordCodec.DecodeState(row.GetFieldValue<byte[]>(1)))
            : new RegisterEntry(name, Version: 0, RegisterState.Empty);
    }

    private static bool CompareAndSwap(DatabaseSession session, (byte[] Name, long Version, byte[] State) row) =>
        row.Version == 0
            ? session.Execute(
                "INSERT INTO register (name, version, state) VALUES ($1, 1, $2) ON CONFLICT (name) DO NOTHING",
                row.Name, row.State) == 1
            : session.Execute(
                "UPDATE register SET version = version + 1, state = $3 WHERE name = $1 AND version = $2", row.Name,
                row.Version, row.State) == 1;

    /// <summary>The registers of the names from <paramref name="start"/> up to <paramref name="end"/>, and behind
    /// <paramref name="previous"/>.</summary>
    internal static List<RegisterEntry> List(
        DatabaseSession session, byte[] start, byte[] end, byte[] previous, int limit)
    {
        List<RegisterEntry> entries = [];
        // One lower bound: of two, SQLite may begin at the lower and step over all names up to the higher.
        bool isContinued = previous.AsSpan().SequenceCompareTo(start) >= 0;
        using SqliteDataReader rows = session.Prepare(
            isContinued
                ? "SELECT name, version, state FROM register WHERE name > $1 AND name < $2 ORDER BY name LIMIT $3"
                : "SELECT name, version, state FROM register WHERE name >= $1 AND name < $2 ORDER BY name LIMIT $3",
            isContinued ? previous : start, end, limit).ExecuteReader();
        while (rows.Read())
        {
            string name = Encoding.UTF8.GetString(rows.GetFieldValue<byte[]>(0));
            entries.Add(
                new RegisterEntry(name, rows.GetInt64(1), RecordCodec.DecodeState(rows.GetFieldValue<byte[]>(2))));
        }

        return entries;
    }
}
