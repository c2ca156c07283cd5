using Dfss.Records;
using Dfss.Testing;
using Dfss.Tests.Faults;
using Dfss.Tests.Records.Simulation;

namespace Dfss.Tests.Survival;

/// <content>What the clients do.</content>
internal sealed partial class RacingRig
{
    private SentFile MakeFile()
    {
        string name = $"source{files++}";
        return new SentFile(name, folder.CreateFile(name, random.Next(32, 200_000), random.Next()), ChunkSize);
    }

    /// <summary>
    /// Create-only, replace any, or replace the newest version that was heard of, which both may name.
    /// </summary>
    private WriteCondition PickCondition() => random.Next(3) switch
    {
        0 => WriteCondition.CreateOnly,
        1 => WriteCondition.ReplaceVersion(history!.NewestVersion),
        _ => WriteCondition.ReplaceAny,
    };

    private async Task WriteAsync(RacingClient client, SentFile file, WriteCondition condition, bool isFresh)
    {
        HistoryOperation operation = history!.CallWrite(file, condition);
        ClientAnswer? answer = await client.RunAsync(new ClientCommand
        {
            Operation = condition == WriteCondition.CreateOnly ? ClientOperation.Create : ClientOperation.Replace,
            IfVersion = condition.Version,
            Name = history.Name,
            Path = file.Path,
            ChunkSize = ChunkSize,
            IsFresh = isFresh,
        });
        history.ReturnWrite(operation, answer);
        File.Delete(file.Path);
    }

    /// <summary>Removes what it reads, where that is not replaced meanwhile.</summary>
    private async Task RemoveAsync(RacingClient client, bool isFresh)
    {
        ClientAnswer? answer = await ReadOnceAsync(client, isFresh);
        if (answer is not { Error: DfssErrorCode.None })
        {
            return;
        }

        HistoryOperation operation = history!.CallRemove(answer.Version);
        history.ReturnWrite(
            operation,
            await client.RunAsync(new ClientCommand { Operation = ClientOperation.Remove, Name = history.Name }));
    }

    private async Task<ClientAnswer?> ReadOnceAsync(RacingClient client, bool isFresh)
    {
        HistoryOperation operation = history!.CallRead();
        ClientAnswer? answer = await client.RunAsync(
            new ClientCommand { Operation = ClientOperation.Read, Name = history.Name, IsFresh = isFresh });
        history.ReturnRead(operation, answer);
        return answer;
    }

    private async Task ReadOftenAsync(RacingClient client, bool isFresh)
    {
        for (int i = 0; i < ReadsOfRound; i++)
        {
            await ReadAsync(client, isFresh, mustBeCurrent: false);
        }
    }

    private async Task ReadAsync(RacingClient client, bool isFresh, bool mustBeCurrent)
    {
        ClientAnswer answer = (await ReadOnceAsync(client, isFresh))!;
        if (answer.Error == DfssErrorCode.None)
        {
            string path = folder[$"received{clients.IndexOf(client)}"];
            ClientAnswer received = (await client.RunAsync(
                new ClientCommand { Operation = ClientOperation.Receive, Name = history!.Name, Path = path }))!;
            if (received.Error == DfssErrorCode.None)
            {
                history.NoteReceived(answer.FileId!, path);
            }

            mustBeCurrent &= received.Error != DfssErrorCode.None || !answer.IsCurrent;
            answer = received;
        }

        if (mustBeCurrent && answer.Error != DfssErrorCode.FileNotFound)
        {
            throw new InvalidOperationException(
                $"With all well again, '{history!.Name}' is not read: {answer.Error} {answer.Message}");
        }
    }
}
