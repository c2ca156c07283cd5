using System.Collections.Immutable;
using Dfss.Records;
using Microsoft.Data.Sqlite;

namespace Dfss.Storage;

/// <content>The store's own votes, and the recorded clocks of other stores.</content>
internal sealed partial class Catalog
{
    private const string VotesSchema = """
        CREATE TABLE IF NOT EXISTS votes (only INTEGER PRIMARY KEY CHECK (only = 1), counter INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS instance (
            number INTEGER PRIMARY KEY, id BLOB NOT NULL, generation INTEGER NOT NULL, began INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS heard (
            store BLOB PRIMARY KEY, generation INTEGER NOT NULL, instance BLOB NOT NULL, counter INTEGER NOT NULL)
        """;

    private readonly Lock votesGate = new();
    private StoreVotes? votes;

    /// <inheritdoc/>
    public StoreVotes Votes
    {
        get
        {
            lock (votesGate)
            {
                return votes ?? throw new InvalidOperationException("The catalog's votes were not opened.");
            }
        }
    }

    /// <inheritdoc/>
    public HeardTable Heard { get; } = new();

    /// <summary>Reads the stored votes, and begins a new instance of the store.</summary>
    public async Task OpenVotesAsync(StoreId id)
    {
        (List<StoreInstance> instances, long counter, List<StoreClock> heard) = database.Read(ReadVotes);
        Heard.Note(heard);
        Guid instance = Guid.NewGuid();
        await BeginAsync(instances.Count == 0
            ? StoreVotes.New(id, instance)
            : new StoreVotes(id, [.. instances], counter).Begin(instance)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task BeginAsync(StoreVotes next)
    {
        StoreInstance begun = next.Instances[^1];
        long counter = await database.WriteAsync(session =>
        {
            // Votes may have been stored since the next state was made of the last one.
            session.Execute(
                "INSERT INTO votes (only, counter) VALUES (1, $1) ON CONFLICT (only) DO UPDATE SET counter = "
                    + "MAX(counter, $1)", next.Counter);
            long reached = ReadCounter(session);
            session.Execute("DELETE FROM instance WHERE generation < $1", begun.Generation);
            session.Execute(
                "INSERT INTO instance (id, generation, began) VALUES ($1, $2, $3)",
                begun.Id.ToByteArray(bigEndian: true), begun.Generation, reached);
            return reached;
        }).ConfigureAwait(false);
        lock (votesGate)
        {
            begun = begun with { Began = counter };
            ImmutableList<StoreInstance> instances =
                [.. next.Instances.Where(one => one.Generation == begun.Generation).SkipLast(1), begun];
            votes = next with { Instances = instances, Counter = Math.Max(counter, votes?.Counter ?? 0) };
        }
    }

    private static (List<StoreInstance> Instances, long Counter, List<StoreClock> Heard) ReadVotes(
        DatabaseSession session)
    {
        List<StoreInstance> instances = [];
        using (SqliteDataReader rows = session.Prepare(
            "SELECT id, generation, began FROM instance ORDER BY number").ExecuteReader())
        {
            while (rows.Read())
            {
                instances.Add(new StoreInstance(ReadGuid(rows, 0), rows.GetInt64(1), rows.GetInt64(2)));
            }
        }

        List<StoreClock> heard = [];
        using (SqliteDataReader rows = session.Prepare(
            "SELECT store, generation, instance, counter FROM heard").ExecuteReader())
        {
            while (rows.Read())
            {
                heard.Add(new StoreClock(
                    new StoreId(rows.GetFieldValue<byte[]>(0)), rows.GetInt64(1), ReadGuid(rows, 2), rows.GetInt64(3)));
            }
        }

        return (instances, ReadCounter(session), heard);
    }

    private static Guid ReadGuid(SqliteDataReader rows, int column) =>
        new(rows.GetFieldValue<byte[]>(column), bigEndian: true);

    private static long ReadCounter(DatabaseSession session) =>
        session.Prepare("SELECT counter FROM votes").ExecuteScalar() is long counter ? counter : 0;

    /// <summary>Raises the counter and remembers clocks, in the transaction of the changes that carry them.</summary>
    /// <returns>The counter; null where the store is in another generation.</returns>
    private static long? Raise(DatabaseSession session, long generation, IReadOnlyCollection<StoreClock> heard)
    {
        if (session.Prepare(
            "SELECT generation FROM instance ORDER BY number DESC LIMIT 1").ExecuteScalar() is not long current
            || current != generation)
        {
            return null;
        }

        session.Execute("UPDATE votes SET counter = counter + 1");
        foreach (StoreClock clock in heard)
        {
            session.Execute(
                """
                INSERT INTO heard (store, generation, instance, counter) VALUES ($1, $2, $3, $4)
                ON CONFLICT (store) DO UPDATE SET generation = $2, instance = $3, counter = $4
                WHERE $2 > generation OR ($2 = generation AND $4 > counter)
                """,
                clock.StoreId.ToByteArray(), clock.Generation, clock.Instance.ToByteArray(bigEndian: true),
                clock.Counter);
        }

        return ReadCounter(session);
    }

    private void Publish(long counter)
    {
        lock (votesGate)
        {
            votes = votes! with { Counter = Math.Max(votes.Counter, counter) };
        }
    }
}
