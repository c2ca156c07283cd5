using System.Security.Cryptography;
using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;

namespace Dfss.Tests.Survival;

/// <summary>
/// What clients in processes of their own did with one name, as they saw it, in the real order of calls and returns.
/// Each send has its own content, so a read shows which writer wrote it. Safe for concurrent use.
/// </summary>
internal sealed class RacingHistory(string name)
{
    private readonly Lock gate = new();
    private readonly List<HistoryOperation> operations = [];
    private readonly Dictionary<string, byte[]> contents = [];
    private readonly List<string> violations = [];
    private int ticks;

    public string Name { get; } = name;

    /// <summary>What is wrong whatever the order was.</summary>
    public IReadOnlyList<string> Violations => violations;

    public IReadOnlyList<HistoryOperation> Operations => operations;

    /// <summary>The newest version that a client has made or read; 0 where there is none.</summary>
    public long NewestVersion
    {
        get
        {
            lock (gate)
            {
                return operations.Max(operation => operation.Seen?.Version) ?? 0;
            }
        }
    }

    public int Count(HistoryOutcome outcome, bool isRead) =>
        operations.Count(operation => operation.Outcome == outcome && operation.IsRead == isRead);

    /// <summary>A send begins.</summary>
    public HistoryOperation CallWrite(SentFile file, WriteCondition condition)
    {
        string id = new FileId(file.ManifestId).ToString();
        lock (gate)
        {
            contents[id] = SHA256.HashData(File.ReadAllBytes(file.Path));
            return Add(new HistoryOperation
            {
                Name = Name,
                IsRead = false,
                Condition = condition,
                Id = ToWriter(id),
                Called = ++ticks,
            });
        }
    }

    /// <summary>A removal of exactly a version begins.</summary>
    public HistoryOperation CallRemove(long version)
    {
        lock (gate)
        {
            return Add(new HistoryOperation
            {
                Name = Name,
                IsRead = false,
                Condition = WriteCondition.ReplaceVersion(version),
                Id = Guid.NewGuid(),
                Removes = true,
                Called = ++ticks,
            });
        }
    }

    /// <summary>A read begins.</summary>
    public HistoryOperation CallRead()
    {
        lock (gate)
        {
            return Add(new HistoryOperation { Name = Name, IsRead = true, Called = ++ticks });
        }
    }

    /// <summary>A send has ended, or its client was killed (null).</summary>
    public void ReturnWrite(HistoryOperation operation, ClientAnswer? answer)
    {
        lock (gate)
        {
            HistoryOutcome outcome = answer?.Error switch
            {
                null or DfssErrorCode.CommitUncertain => HistoryOutcome.Maybe,
                DfssErrorCode.None => HistoryOutcome.Done,
                DfssErrorCode.FileExists => HistoryOutcome.Refused,
                // Where the name turned out to have another home, it says nothing of the condition.
                DfssErrorCode.Conflict when !answer.Message!.Contains(
                    "other peers", StringComparison.Ordinal) => HistoryOutcome.Refused,
                _ => HistoryOutcome.Nothing,
            };
            FileRecord? seen = outcome != HistoryOutcome.Done ? null
                // Told is what was removed; the tombstone is the version after it.
                : operation.Removes ? ToRecord(answer!) with { Version = answer!.Version + 1, WriterId = operation.Id }
                : ToRecord(answer!);
            operation.Return(++ticks, outcome, seen);
        }
    }

    /// <summary>A read has ended, or its client was killed (null).</summary>
    public void ReturnRead(HistoryOperation operation, ClientAnswer? answer)
    {
        lock (gate)
        {
            if (answer?.FileId is string id && !contents.ContainsKey(id))
            {
                violations.Add($"a read shows {id}, which no client sent");
            }

            // Without a majority there is a warning, and no promise.
            HistoryOutcome outcome = answer switch
            {
                { Error: DfssErrorCode.None, IsCurrent: true } => HistoryOutcome.Done,
                { Error: DfssErrorCode.FileNotFound, Warnings: [] } => HistoryOutcome.Absent,
                _ => HistoryOutcome.Nothing,
            };
            operation.Return(++ticks, outcome, outcome == HistoryOutcome.Done ? ToRecord(answer!) : null);
        }
    }

    /// <summary>The bytes that came with a file id are those that were sent under it.</summary>
    public void NoteReceived(string fileId, string path)
    {
        byte[] digest = SHA256.HashData(File.ReadAllBytes(path));
        lock (gate)
        {
            if (!contents.TryGetValue(fileId, out byte[]? sent) || !sent.AsSpan().SequenceEqual(digest))
            {
                violations.Add($"what was received as {fileId} is not what was sent");
            }
        }
    }

    /// <summary>Null, or what is wrong.</summary>
    public string? Check()
    {
        string? problem = violations.FirstOrDefault();
        problem ??= LinearizabilityChecker.IsLinearizable(operations) ? null : "it is not linearizable";
        return problem is null
            ? null
            : $"'{Name}': {problem}\n{string.Join('\n', operations.Select(operation => operation.ToString()))}";
    }

    /// <summary>
    /// The same history with its last read made stale: it shows the version before. The checker must find it. Null
    /// where the last two versions were not both acknowledged, so that it could be true.
    /// </summary>
    public IReadOnlyList<HistoryOperation>? Doctored()
    {
        HistoryOperation last = operations[^1];
        HistoryOperation? former = FindAcknowledged(last.Seen?.Version - 1);
        if (former is null or { Removes: true } || FindAcknowledged(last.Seen?.Version) is null)
        {
            return null;
        }

        HistoryOperation stale = new() { Name = Name, IsRead = true, Called = last.Called };
        stale.Return(last.Returned, HistoryOutcome.Done, former.Seen);
        return [.. operations[..^1], stale];
    }

    private HistoryOperation? FindAcknowledged(long? version) => operations.Find(operation =>
        operation is { IsRead: false, Outcome: HistoryOutcome.Done } && operation.Seen!.Version == version);

    private HistoryOperation Add(HistoryOperation operation)
    {
        operations.Add(operation);
        return operation;
    }

    private FileRecord ToRecord(ClientAnswer answer) => new()
    {
        Name = Name,
        Version = answer.Version,
        Home = [],
        WriterId = ToWriter(answer.FileId!),
    };

    private static Guid ToWriter(string fileId) => new(Convert.FromHexString(fileId).AsSpan(0, 16));
}
