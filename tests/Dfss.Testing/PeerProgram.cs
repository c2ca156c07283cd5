using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dfss.Peers;
using Dfss.Storage;
using Dfss.Storage.S3;
using Dfss.Transport;

namespace Dfss.Testing;

/// <summary>
/// A peer in a process of its own: <c>Dfss.Testing peer STORE PORT SETTINGS</c>, the last as JSON of
/// <see cref="PeerSettings"/>. A store is a folder, or one in an engine: <c>s3://...</c>. Writes <c>listening PORT</c>
/// when clients can connect; stops in order on SIGTERM. What goes wrong goes to standard error, and the exit code is 1.
/// </summary>
internal static class PeerProgram
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stop.TrySetResult();
        });
        try
        {
            PeerSettings settings = JsonSerializer.Deserialize(arguments[2], TestingJson.Default.PeerSettings)!;
            bool isSync = Enum.TryParse(settings.Breach, out DurableAction left);
            bool isInEngine = arguments[0].StartsWith("s3://", StringComparison.Ordinal);
            PeerOptions options = new()
            {
                StorePath = isInEngine ? null : arguments[0],
                Engine = isInEngine ? OpenEngine(arguments[0], settings.EngineAccessKey) : null,
                StoreRelocation = settings.StoreRelocation,
                Port = int.Parse(arguments[1], CultureInfo.InvariantCulture),

                // Tests put proxies in front of it, at other ports than its token's.
                AllowUnauthenticatedNetwork = settings.IdentityFolder is null,
                Identity = settings.IdentityFolder is { } folder ? TargetIdentities.LoadPeer(folder) : null,
                AdvertisedAddresses = settings.AdvertisedAddress is string address ? [address] : [],
                ScrubBytesPerSecond = settings.ScrubBytesPerSecond,
                MinimumFreeBytes = settings.MinimumFreeBytes,
                Log = Console.Error.WriteLine,
                ServeRecords = records =>
                    settings.Breach is null || isSync ? records : new BreachingRecordStore(records, settings.Breach),
            };
            if (settings.TimeLimitSeconds is { } seconds)
            {
                TimeSpan timeLimit = TimeSpan.FromSeconds(seconds);
                options = options with
                {
                    Channel =
                        new ChannelOptions { IdleLimit = timeLimit, StallLimit = timeLimit, RateWindow = timeLimit },
                };
            }

            DurableFile files = new(beforeStep: null, isSync ? Matches(left, settings.BreachedPaths!) : null);
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

    /// <summary>The probe is short, since it has tests of its own.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static StoreEngine OpenEngine(string address, string? accessKey)
    {
        StoreEngine.DefaultProbeRounds = 1;
        return S3Engine.Open(address, accessKey is null ? null : new NetworkCredential(accessKey, "of a test"), []);
    }

    private static Func<DurableStep, bool> Matches(DurableAction action, string pattern) =>
        step => step.Action == action && Regex.IsMatch(step.Path, pattern);
}
