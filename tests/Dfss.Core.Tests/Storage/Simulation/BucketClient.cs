using Dfss.Records;
using Dfss.Tests.Records.Simulation;

namespace Dfss.Tests.Storage.Simulation;

/// <summary>
/// A client: one operation after the other, each driven by the real proposer or reader. It asks any peer for each
/// request, and another one where it gets no answer.
/// </summary>
internal sealed class BucketClient(BucketSchedule schedule, Random random)
{
    private const int MaxRequests = 60;
    private const int MaxTries = 4;

    private readonly Dictionary<string, long> versions = new(StringComparer.Ordinal);
    private int requestsLeft;
    private bool isDead;

    /// <summary>Stops it for good: the outcome of its operation is never known.</summary>
    public void Kill() => isDead = true;

    public async Task RunAsync(Func<string?> nextName, bool isReadOnly)
    {
        while (nextName() is { } name && !isDead)
        {
            await (isReadOnly || random.Next(3) == 0 ? ReadAsync(name) : ChangeAsync(name)).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(string name)
    {
        HistoryOperation operation = new() { Name = name, IsRead = true, Called = schedule.Tick() };
        schedule.History.Add(operation);
        RegisterReader reader = new(name, new RegisterPlace(1, HomeEpoch.Original), schedule.NewGuid);
        await DriveAsync(reader, chunks: null).ConfigureAwait(false);
        if (!isDead)
        {
            Note(name, reader.Result?.Record);
            operation.Return(
                schedule.Tick(), reader.IsCurrent ? HistoryOutcome.Done : HistoryOutcome.Nothing,
                reader.Result?.Record);
        }
    }

    private async Task ChangeAsync(string name)
    {
        bool removes = schedule.Kind == ScheduleKind.Registers ? random.Next(5) != 0 : random.Next(4) == 0;
        BucketFile file = BucketFile.All[random.Next(BucketFile.All.Count)];
        HistoryOperation operation = new()
        {
            Name = name,
            IsRead = false,
            Condition = random.Next(4) switch
            {
                0 when !removes => WriteCondition.CreateOnly,
                1 => WriteCondition.ReplaceVersion(versions.GetValueOrDefault(name)),
                _ => WriteCondition.ReplaceAny,
            },
            Id = schedule.NewGuid(),
            Removes = removes,
            Called = schedule.Tick(),
        };
        schedule.History.Add(operation);
        Proposer proposer = new(
            name, new RegisterPlace(1, HomeEpoch.Original), operation.Condition, operation.Id, schedule.NewGuid);
        int tries = MaxTries;
        await DriveAsync(proposer, async () =>
        {
            if (removes)
            {
                proposer.Propose(_ => Record(operation, file), SealPlan.None);
            }
            else if (tries-- == 0)
            {
                proposer.GiveUp();
            }
            else
            {
                await PutAsync(proposer, operation, file).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        if (!isDead)
        {
            Complete(operation, proposer);
        }
    }

    private void Complete(HistoryOperation operation, Proposer proposer)
    {
        (HistoryOutcome outcome, FileRecord? seen) = proposer.State switch
        {
            ProposerState.Chosen => (HistoryOutcome.Done, proposer.Chosen!.Record),
            ProposerState.Conflict => (HistoryOutcome.Conflict, proposer.Current?.Record),
            ProposerState.NoMajority => (HistoryOutcome.Nothing, null),
            _ => (HistoryOutcome.Maybe, null),
        };
        Note(operation.Name, seen);
        operation.Return(schedule.Tick(), outcome, seen);
    }

    private void Note(string name, FileRecord? seen) =>
        versions[name] = seen?.Version ?? versions.GetValueOrDefault(name);

    /// <summary>Puts what is missing, or all, or relies on what is there; then has it sealed.</summary>
    private async Task PutAsync(Proposer proposer, HistoryOperation operation, BucketFile file)
    {
        bool isAgain = proposer.State == ProposerState.ChunksMissing;
        ChunkId manifest = file.Manifest.FileId.ToChunkId();
        bool isManifestMissing = isAgain && proposer.IsManifestMissingAt(0);
        int kind = random.Next(4);
        foreach ((ChunkId id, int index) in file.Objects.Select((id, index) => (id, index)))
        {
            bool isManifest = id == manifest && index == file.Chunks.Count;
            bool isWanted = isAgain
                ? isManifest ? isManifestMissing : isManifestMissing || proposer.MissingAt(0)[index]
                : kind switch
                {
                    0 => false,
                    1 => true,
                    _ => await AskAsync(peer => peer.IsMissingAsync(id), whenNone: true).ConfigureAwait(false),
                };
            if (isWanted && !isDead)
            {
                await AskAsync(
                    async peer =>
                    {
                        await peer.PutAsync(id, file.Content(id)).ConfigureAwait(false);
                        return true;
                    },
                    whenNone: false).ConfigureAwait(false);
            }
        }

        if (isDead || proposer.IsFinished)
        {
            return;
        }

        if (isAgain)
        {
            proposer.Reseal();
        }
        else
        {
            SealPlan plan = new(
                file.Manifest.FileId, file.Chunks.Count, [ChunkBitmap.Create(file.Chunks.Count, _ => true)], 1);
            proposer.Propose(_ => Record(operation, file), plan);
        }
    }

    private static FileRecord Record(HistoryOperation operation, BucketFile file) => new()
    {
        Name = operation.Name,
        Version = 0,
        State = operation.Removes ? FileRecordState.Removed : FileRecordState.File,
        FileId = operation.Removes ? default : file.Manifest.FileId,
        Length = operation.Removes ? 0 : file.Manifest.Length,
        ChunkSize = DfssLimits.MinChunkSize,
        Home = [new HomeMember(BucketPeer.Store, [])],
        WriterId = default,
    };

    private async Task DriveAsync(RegisterRound round, Func<Task>? chunks)
    {
        requestsLeft = MaxRequests;
        while (!round.IsFinished && !isDead)
        {
            if (round is SealingRound { State: ProposerState.Prepared or ProposerState.ChunksMissing })
            {
                await chunks!().ConfigureAwait(false);
            }
            else if (requestsLeft <= 0 || round.NextFor(0) is not { } request)
            {
                round.GiveUp();
            }
            else if (await AskAsync<RegisterAnswer?>(
                async peer => await peer.HandleAsync(request).ConfigureAwait(false), whenNone: null)
                .ConfigureAwait(false) is { } answer)
            {
                round.OnAnswer(0, request, answer);
            }
            else if (!isDead)
            {
                round.OnUnavailable(0, request);
            }
        }

        // The decision, which may be lost.
        if (!isDead && random.Next(4) != 0 && round.NextFor(0) is { } decision)
        {
            _ = AskAsync<RegisterAnswer?>(
                async peer => await peer.HandleAsync(decision).ConfigureAwait(false), whenNone: null);
        }
    }

    /// <summary>Asks a peer, and up to two more if there is no answer.</summary>
    private async Task<T> AskAsync<T>(Func<BucketPeer, Task<T>> ask, T whenNone)
    {
        for (int i = 0; i < 3 && !isDead && requestsLeft-- > 0; i++)
        {
            BucketPeer peer = schedule.ChoosePeer();
            Task<T> asked = ask(peer);
            await Task.WhenAny(asked, peer.Actor.Death).ConfigureAwait(false);
            if (asked.IsCompletedSuccessfully && (!schedule.IsFaulty || random.Next(40) != 0))
            {
                return await asked.ConfigureAwait(false);
            }

            if (asked.Exception?.InnerException is { } failure
                and not DfssException { Code: DfssErrorCode.StoreFailed })
            {
                schedule.Fail(failure);
            }
        }

        return whenNone;
    }
}
