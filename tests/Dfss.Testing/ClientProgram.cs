using System.Text.Json;
using Dfss.Transfer;

namespace Dfss.Testing;

/// <summary>
/// A client in a process of its own, to be killed: <c>Dfss.Testing client</c>. Reads <see cref="ClientSettings"/> and
/// then <see cref="ClientCommand"/>s from standard input, one JSON object a line, and writes one
/// <see cref="ClientAnswer"/> for each. Ends where the input ends.
/// </summary>
internal sealed class ClientProgram : IAsyncDisposable
{
    private readonly ClientSettings settings;
    private readonly List<string> warnings = [];
    private DfssClient client;
    private StoredFile? lastRead;

    private ClientProgram(ClientSettings settings)
    {
        this.settings = settings;
        client = Connect();
    }

    public static async Task<int> RunAsync()
    {
        ClientSettings settings = JsonSerializer.Deserialize(
            (await Console.In.ReadLineAsync())!, TestingJson.Default.ClientSettings)!;
        await using ClientProgram program = new(settings);
        while (await Console.In.ReadLineAsync() is string line)
        {
            ClientCommand command = JsonSerializer.Deserialize(line, TestingJson.Default.ClientCommand)!;
            ClientAnswer answer = await program.TryRunAsync(command);
            Console.WriteLine(
                JsonSerializer.Serialize(answer, TestingJson.Default.ClientAnswer) + ClientProcess.EndOfAnswer);
        }

        return 0;
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private DfssClient Connect() => new(
        [.. settings.Peers.Select(PeerAddress.Parse)],
        new TransferOptions
        {
            ThrottleLimit = settings.ThrottleLimit,
            MaxAttempts = settings.MaxAttempts,
            RetryDelay = TimeSpan.FromMilliseconds(settings.RetryMilliseconds),
            ConnectTimeout = TimeSpan.FromSeconds(settings.ConnectSeconds),
            StateFolder = settings.StateFolder,
            Warning = Warn,
        });

    private void Warn(string warning)
    {
        lock (warnings)
        {
            warnings.Add(warning);
        }
    }

    private async Task<ClientAnswer> TryRunAsync(ClientCommand command)
    {
        warnings.Clear();
        if (command.IsFresh)
        {
            await client.DisposeAsync();
            client = Connect();
        }

        try
        {
            StoredFile file = await RunAsync(command);
            return new ClientAnswer
            {
                Error = DfssErrorCode.None,
                Version = file.Record.Version,
                FileId = file.Record.FileId.ToString(),
                IsCurrent = file.IsCurrent,
                Warnings = [.. warnings],
            };
        }
        catch (DfssException error)
        {
            return new ClientAnswer { Error = error.Code, Message = error.Message, Warnings = [.. warnings] };
        }
    }

    private async Task<StoredFile> RunAsync(ClientCommand command)
    {
        switch (command.Operation)
        {
            case ClientOperation.Create or ClientOperation.Replace:
                SendOptions options = new()
                {
                    ChunkSize = command.ChunkSize,
                    Replicas = command.Replicas,
                    KeepVersions = command.KeepVersions,
                    IfVersion = command.IfVersion,
                    Force = command.Operation == ClientOperation.Replace,
                };
                return await client.SendAsync(command.Path!, command.Name, options, progress: null);
            case ClientOperation.Read:
                return lastRead = await client.GetAsync(command.Name);
            case ClientOperation.Remove:
                return await client.RemoveAsync(lastRead!, RemoveOptions.Default);
            default:
                await client.ReceiveAsync(
                    lastRead!, command.Path!, new ReceiveOptions { Force = true }, progress: null);
                return lastRead!;
        }
    }
}
