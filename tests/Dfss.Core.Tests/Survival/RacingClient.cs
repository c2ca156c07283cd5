using Dfss.Testing;

namespace Dfss.Tests.Survival;

/// <summary>
/// A client process, and its own link to each of the peers, each of which can be cut, severed and slowed down.
/// </summary>
internal sealed class RacingClient : IAsyncDisposable
{
    private readonly int first;
    private Task<ClientProcess> process;

    /// <param name="peers">The peers.</param>
    /// <param name="onPassing">Called for each piece that passes a link.</param>
    /// <param name="first">Which peer it is given first.</param>
    public RacingClient(IEnumerable<PeerAddress> peers, Action onPassing, int first = 0)
    {
        this.first = first;
        Links = [.. peers.Select(peer => new FaultProxy(peer, TimeProvider.System)
        {
            OnSending = _ => onPassing(),
            OnReceiving = _ => onPassing(),
        })];
        process = StartAsync();
    }

    public IReadOnlyList<FaultProxy> Links { get; }

    private bool IsKilled { get; set; }

    /// <summary>Does one command; null where it was killed meanwhile.</summary>
    public async Task<ClientAnswer?> RunAsync(ClientCommand command)
    {
        ClientProcess running = await process;
        ClientAnswer? answer = await running.RunAsync(command);
        if (answer is null)
        {
            if (!IsKilled)
            {
                throw new InvalidOperationException($"The client ended by itself: {running.Errors}");
            }

            IsKilled = false;
            await running.DisposeAsync();
            process = StartAsync();
        }

        return answer;
    }

    /// <summary>SIGKILL, in the middle of its command; it is another process that does the next one.</summary>
    public async Task KillAsync()
    {
        ClientProcess running = await process;
        IsKilled = true;
        await running.KillAsync();
    }

    /// <summary>Severs the links to some peers.</summary>
    public void SeverFrom(IEnumerable<int> peers) => peers.ToList().ForEach(index => Links[index].Sever());

    public void Heal()
    {
        foreach (FaultProxy link in Links)
        {
            link.Heal();
            link.Delay = TimeSpan.Zero;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (await process).DisposeAsync();
        foreach (FaultProxy link in Links)
        {
            await link.DisposeAsync();
        }
    }

    private Task<ClientProcess> StartAsync() => ClientProcess.StartAsync(new ClientSettings
    {
        Peers = [.. Links.Skip(first).Concat(Links.Take(first)).Select(link => link.Address.ToString())],
        MaxAttempts = 2,
        RetryMilliseconds = 10,
    });
}
