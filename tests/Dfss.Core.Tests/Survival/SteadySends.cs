using System.Security.Cryptography;
using Dfss.Transfer;
using TemporaryFolder = Dfss.Testing.TemporaryFolder;

namespace Dfss.Tests.Survival;

/// <summary>
/// Senders that send one new file after another until they are stopped, each to one peer. Safe for concurrent use.
/// </summary>
internal sealed class SteadySends : IAsyncDisposable
{
    /// <summary>Each file has fewer bytes, and half of it on average.</summary>
    public const int MaxBytes = 1_000_000;

    private const int ChunkSize = 256 << 10;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <summary>So that a refusal that comes at once is not met a thousand times.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly TemporaryFolder folder = new();
    private readonly IReadOnlyList<PeerAddress> peers;
    private readonly List<string> acknowledged = [];
    private readonly List<DfssException> failures = [];
    private readonly Dictionary<string, byte[]> contents = [];
    private readonly Task[] sending;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool isStopping;

    public SteadySends(IReadOnlyList<PeerAddress> peers, int count, int seed)
    {
        this.peers = peers;
        sending = [.. Enumerable.Range(0, count).Select(sender => Task.Run(() => SendAsync(sender, seed + sender)))];
    }

    /// <summary>The names whose sends have returned.</summary>
    public IReadOnlyList<string> Acknowledged
    {
        get
        {
            lock (gate)
            {
                return [.. acknowledged];
            }
        }
    }

    /// <summary>The sends that have failed, in order.</summary>
    public IReadOnlyList<DfssException> Failures
    {
        get
        {
            lock (gate)
            {
                return [.. failures];
            }
        }
    }

    /// <summary>Ends when it holds, which is looked at after each send.</summary>
    /// <exception cref="TimeoutException">For three minutes no send has ended.</exception>
    public async Task UntilAsync(Func<bool> holds)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                next = changed.Task;
            }

            if (holds())
            {
                return;
            }

            Task ended = await Task.WhenAny([next, .. sending]).WaitAsync(Limit);
            await ended;
        }
    }

    /// <summary>Ends when each sender has ended its file.</summary>
    public async Task StopAsync()
    {
        isStopping = true;
        await Task.WhenAll(sending);
    }

    /// <summary>
    /// Receives from one peer all that was sent until now: what was acknowledged must be there, and what is there must
    /// be whole.
    /// </summary>
    public async Task AssertWholeAsync(PeerAddress peer)
    {
        await using DfssClient client = new([peer], TransferOptions.Default);
        string path = folder["received"];
        HashSet<string> kept;
        KeyValuePair<string, byte[]>[] sent;
        lock (gate)
        {
            kept = [.. acknowledged];
            sent = [.. contents];
        }

        foreach ((string name, byte[] digest) in sent)
        {
            try
            {
                StoredFile file = await client.GetAsync(name);
                await client.ReceiveAsync(file, path, new ReceiveOptions { Force = true }, progress: null);
            }
            catch (DfssException error)
                when (error.Code == DfssErrorCode.FileNotFound && !kept.Contains(name))
            {
                continue;
            }

            if (!SHA256.HashData(await File.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(digest))
            {
                throw new InvalidOperationException($"'{name}' is not what was sent");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        folder.Dispose();
    }

    private async Task SendAsync(int sender, int seed)
    {
        Random random = new(seed);
        for (int i = 0; !isStopping; i++)
        {
            string name = $"sender{sender}/file{i}";
            string path = folder.CreateFile(name, random.Next(MaxBytes), random.Next());
            byte[] digest = SHA256.HashData(await File.ReadAllBytesAsync(path));
            lock (gate)
            {
                contents[name] = digest;
            }

            DfssException? error = await TrySendAsync(path, name, peers[sender % peers.Count]);
            if (error is not null)
            {
                File.Delete(path);
            }

            lock (gate)
            {
                if (error is null)
                {
                    acknowledged.Add(name);
                }
                else
                {
                    failures.Add(error);
                }

                changed.SetResult();
                changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (error is not null)
            {
                await Task.Delay(PauseAfterFailure);
            }
        }
    }

    private static async Task<DfssException?> TrySendAsync(string path, string name, PeerAddress peer)
    {
        await using DfssClient client = new([peer], TransferOptions.Default with { MaxAttempts = 1 });
        try
        {
            await client.SendAsync(path, name, new SendOptions { ChunkSize = ChunkSize }, progress: null);
            return null;
        }
        catch (DfssException error)
        {
            return error;
        }
    }
}
