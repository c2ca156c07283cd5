using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>
/// A peer in a process of its own: <c>Dfss.Testing STORE PORT [ACTION PATTERN]</c>. Writes <c>listening PORT</c> when
/// clients can connect; stops in order on SIGTERM. What goes wrong goes to standard error, and the exit code is 1. With
/// ACTION (SyncFile or SyncDirectory) and PATTERN, syncs of that kind are left out for paths that match: a peer that
/// breaks its promise.
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
            PeerOptions options = new()
            {
                StorePath = arguments[0],
                Port = int.Parse(arguments[1], CultureInfo.InvariantCulture),
                Log = Console.Error.WriteLine,
            };
            DurableFile files = new(beforeStep: null, arguments.Length > 2 ? Matches(arguments[2], arguments[3]) : null);
            await using DfssPeer peer = await DfssPeer.StartAsync(
                options, files, TcpTransport.Listen, CancellationToken.None);
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

    private static Func<DurableStep, bool> Matches(string action, string pattern) =>
        step => step.Action == Enum.Parse<DurableAction>(action) && Regex.IsMatch(step.Path, pattern);
}
