using Dfss.Records;

namespace Dfss.Tests.Records.Simulation;

/// <content>The chunks of a change: put before they are sealed, and again where a member misses them.</content>
internal sealed partial class SimulatedClient
{
    /// <summary>
    /// Puts the chunks, or puts again what is missing, and goes on when every put was answered or given up.
    /// </summary>
    private void StepChunks(Proposer proposer)
    {
        if (kind == ChangeKind.KeepContent && proposer.Current?.Record is not { State: FileRecordState.File })
        {
            proposer.GiveUp();
        }
        else if (operation!.Removes || kind == ChangeKind.KeepContent
            || (target is not null && schedule.Mutation == Mutation.MovesAreNotSealed))
        {
            proposer.Propose(BuildRecord, SealPlan.None);
        }
        else if (awaitedPuts.Count > 0)
        {
            return;
        }
        else if (!isPutting)
        {
            BeginPuts(proposer);
        }
        else
        {
            isPutting = false;
            EndPuts(proposer);
        }
    }

    private void BeginPuts(Proposer proposer)
    {
        if (tries-- == 0)
        {
            proposer.GiveUp();
            return;
        }

        isPutting = true;
        bool placesAgain = proposer.State == ProposerState.Prepared || random.Next(3) == 0;
        if (kind == ChangeKind.Reuse)
        {
            // A copy, or a restore: what the members have is sealed, and nothing is put.
            donePuts.Clear();
            foreach (int member in Holders)
            {
                Array.ForEach([.. file.Chunks, file.Manifest], chunk => Ask(member, chunk));
            }

            return;
        }

        if (placesAgain)
        {
            donePuts.Clear();
            Place();
            return;
        }

        for (int place = 0; place < members.Length; place++)
        {
            PutMissing(proposer, place);
        }
    }

    private void Place()
    {
        int[] holders = Holders;
        int first = random.Next(holders.Length);
        int replicas = random.Next(minimumReplicas, holders.Length + 1);
        for (int copy = 0; copy < replicas; copy++)
        {
            for (int i = 0; i < file.Chunks.Count; i++)
            {
                int member = holders[(first + i + copy) % holders.Length];
                Put(member, file.Chunks[i]);
                Put(member, file.Manifest);
            }

            Put(holders[(first + copy) % holders.Length], file.Manifest);
        }
    }

    private void PutMissing(Proposer proposer, int place)
    {
        for (int i = 0; i < file.Chunks.Count; i++)
        {
            if (proposer.MissingAt(place)[i])
            {
                Put(members[place], file.Chunks[i]);
            }
        }

        if (proposer.IsManifestMissingAt(place))
        {
            Put(members[place], file.Manifest);
        }
    }

    private void EndPuts(Proposer proposer)
    {
        SealPlan plan = new(
            file.FileId,
            file.Chunks.Count,
            [.. members.Select(Expected)],
            minimumReplicas)
        {
            Sealers = target is null ? null : [.. members.Select(member => target.Contains(member))],
        };
        bool isEnough = plan.IsMetBy(place => plan.Asks(place) && donePuts.Contains((members[place], file.Manifest)));
        if (proposer.State == ProposerState.Prepared)
        {
            if (isEnough)
            {
                bool seals = kind != ChangeKind.Reuse || schedule.Mutation != Mutation.ReusedIsNotSealed;
                proposer.Propose(BuildRecord, seals ? plan : SealPlan.None);
            }
        }
        else if (isEnough && (kind == ChangeKind.Reuse || random.Next(2) == 0))
        {
            proposer.Reseal(plan);
        }
        else
        {
            proposer.Reseal();
        }
    }

    private ChunkBitmap Expected(int member) => ChunkBitmap.Create(
        file.Chunks.Count,
        i => donePuts.Contains((member, file.Manifest)) && donePuts.Contains((member, file.Chunks[i])));

    private void Ask(int member, int chunk)
    {
        if (awaitedPuts.Add((member, chunk)))
        {
            schedule.SendQuestion(this, member, chunk);
        }
    }

    private void Put(int member, int chunk)
    {
        if (awaitedPuts.Add((member, chunk)))
        {
            schedule.SendPut(this, member, chunk);
        }
    }
}
