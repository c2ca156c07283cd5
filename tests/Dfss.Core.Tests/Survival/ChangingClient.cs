using Dfss.Testing;
using Dfss.Tests.Faults;
using Xunit;

namespace Dfss.Tests.Survival;

/// <summary>
/// A client process that sends, replaces and removes files under names of its own, and is killed in the middle now and
/// then. A change that was not acknowledged is made again until it is; some sends are given up and stay undecided.
/// </summary>
internal sealed class ChangingClient : IAsyncDisposable
{
    /// <summary>Under which it is an accident that a change fails each time.</summary>
    private const int MaxAttempts = 200;

    /// <summary>After so many failures of one change, it is made while the collections pause.</summary>
    private const int AttemptsBesideCollections = 10;

    /// <summary>
    /// Some 100 pieces pass in a send of the middle size: a kill comes before one of them, or after the end.
    /// </summary>
    private const int MaxPieces = 130;

    private readonly RacingClient client;
    private readonly SharedContent contents;
    private readonly Random random;
    private readonly CollectionPause pause;
    private readonly string[] names;
    private readonly Dictionary<string, IReadOnlyList<SentFile>> files = new(StringComparer.Ordinal);
    private readonly List<string> abandoned = [];
    private TaskCompletionSource killDue = new();
    private int piecesLeft = int.MaxValue;

    public ChangingClient(
        IEnumerable<PeerAddress> peers, SharedContent contents, Random random, string prefix, CollectionPause pause)
    {
        this.pause = pause;
        this.contents = contents;
        this.random = random;
        names = [.. Enumerable.Range(0, 4).Select(i => $"{prefix}-{i}")];
        client = new RacingClient(peers, CountPiece);
    }

    /// <summary>How many copies of each file it asks for; null for what is usual.</summary>
    public int? Replicas { get; init; } = 2;

    /// <summary>Whether each change is made with new connections, as by a new command: a client stays with the first
    /// peer of a store that has answered.</summary>
    public bool IsFresh { get; init; }

    /// <summary>Called for each piece that passes.</summary>
    public Action? Passing { get; init; }

    /// <summary>Those that it sends and removes.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>
    /// What its names stand for, and the earlier versions kept, newest first. What was removed is not in it.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<SentFile>> Files => files;

    /// <summary>Names of sends that were killed and never made again: they are there, whole, or they are not.</summary>
    public IReadOnlyList<string> Abandoned => abandoned;

    /// <summary>How often each kind of thing was done, or went wrong.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Makes one change.</summary>
    public async Task ChangeAsync()
    {
        int dice = random.Next(10);
        string name = names[random.Next(names.Length)];
        if (dice == 0)
        {
            Count("sends abandoned");
            abandoned.Add($"{names[0]}-abandoned-{abandoned.Count}");
            await RunAsync(Send(ClientOperation.Create, abandoned[^1], contents.Make(random)), isToBeKilled: true);
        }
        else if (dice < 5 && files.Remove(name))
        {
            await RemoveAsync(name);
        }
        else
        {
            await SendAsync(name);
        }
    }

    /// <summary>Severs its link to a peer.</summary>
    public void SeverFrom(int peer) => client.SeverFrom([peer]);

    /// <summary>Its links are well again.</summary>
    public void Heal() => client.Heal();

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private ClientCommand Send(ClientOperation operation, string name, SentFile file) => new()
    {
        Operation = operation,
        Name = name,
        Path = file.Path,
        ChunkSize = SharedContent.ChunkSize,
        Replicas = Replicas,
        IsFresh = IsFresh,
    };

    private async Task SendAsync(string name)
    {
        SentFile file = contents.Make(random);
        bool isThere = files.TryGetValue(name, out IReadOnlyList<SentFile>? versions);
        Count(isThere ? "replacements" : "sends");
        int keep = random.Next(3);
        ClientOperation operation = isThere ? ClientOperation.Replace : ClientOperation.Create;
        await UntilDoneAsync(name, isToBeKilled =>
        {
            ClientCommand command = Send(operation, name, file) with { KeepVersions = keep };
            // Given again it meets what it has made, if it has.
            operation = ClientOperation.Replace;
            return RunAsync(command, isToBeKilled);
        });
        IEnumerable<SentFile> earlier = versions ?? [];
        files[name] = [file, .. earlier.Skip(isThere && versions![0].ManifestId == file.ManifestId ? 1 : 0).Take(keep)];
    }

    private async Task RemoveAsync(string name)
    {
        Count("removals");
        await UntilDoneAsync(name, async isToBeKilled =>
        {
            ClientAnswer? read = await RunAsync(
                new ClientCommand { Operation = ClientOperation.Read, Name = name, IsFresh = IsFresh },
                isToBeKilled: false);
            return read is { Error: DfssErrorCode.None }
                ? await RunAsync(new ClientCommand { Operation = ClientOperation.Remove, Name = name }, isToBeKilled)
                : read;
        });
    }

    private async Task UntilDoneAsync(string name, Func<bool, Task<ClientAnswer?>> tryAsync)
    {
        (bool isDone, ClientAnswer? last) = await TryAsync(tryAsync, firstAttempt: 1, AttemptsBesideCollections);
        if (isDone)
        {
            return;
        }

        Count("changes made while collections paused");
        pause.Begin();
        try
        {
            (isDone, last) = await TryAsync(tryAsync, AttemptsBesideCollections + 1, MaxAttempts);
            Assert.True(isDone, $"'{name}' fails {MaxAttempts} times: {last?.Message}");
        }
        finally
        {
            pause.End();
        }
    }

    private async Task<(bool IsDone, ClientAnswer? Last)> TryAsync(
        Func<bool, Task<ClientAnswer?>> tryAsync, int firstAttempt, int lastAttempt)
    {
        ClientAnswer? answer = null;
        for (int attempt = firstAttempt; attempt <= lastAttempt; attempt++)
        {
            answer = await tryAsync(attempt == 1 && random.Next(8) == 0);
            // A removal that was killed may have been made.
            if (answer is { Error: DfssErrorCode.None } or { Error: DfssErrorCode.FileNotFound, Warnings: [] })
            {
                return (true, answer);
            }

            Count(answer is null ? "killed" : $"failed with {answer.Error}");
        }

        return (false, answer);
    }

    /// <summary>Null where it was killed.</summary>
    private async Task<ClientAnswer?> RunAsync(ClientCommand command, bool isToBeKilled)
    {
        killDue = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref piecesLeft, isToBeKilled ? 1 + random.Next(MaxPieces) : int.MaxValue);
        Task<ClientAnswer?> running = client.RunAsync(command);
        if (await Task.WhenAny(running, killDue.Task) != running)
        {
            await client.KillAsync();
        }

        return await running;
    }

    private void CountPiece()
    {
        Passing?.Invoke();
        if (Interlocked.Decrement(ref piecesLeft) == 0)
        {
            killDue.TrySetResult();
        }
    }

    private void Count(string what) => Counts[what] = Counts.GetValueOrDefault(what) + 1;
}
