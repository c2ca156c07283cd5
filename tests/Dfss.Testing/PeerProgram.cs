using System.Globalization;
using System.Runtime.InteropServices;
using Dfss.Peers;

namespace Dfss.Testing;

/// <summary>
/// A peer in a process of its own: <c>Dfss.Testing STORE PORT</c>. Writes <c>listening PORT</c> when clients can connect; stops in order on
/// SIGTERM. What goes wrong goes to standard error, and the exit code is 1.
/// </summary>
internal static class PeerProgram
{
    private static async Task<int> Main(string[] arguments)
    {
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.TrySetResult();
        });
        try
        {
            await using DfssPeer peer = await DfssPeer.StartAsync(new PeerOptions
            {
                StorePath = arguments[0],
                Port = int.Parse(arguments[1], CultureInfo.InvariantCulture),
                Log = Console.Error.WriteLine,
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"listening {peer.Port}"));
            await Task.WhenAny(stop.Task, peer.Completion);
            return 0;
        }
        catch (DfssException error)
        {
            await Console.Error.WriteLineAsync($"{error.Code}: {error.Message}");
            return 1;
        }
    }
}
