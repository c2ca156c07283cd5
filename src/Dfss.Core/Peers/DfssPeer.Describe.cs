using System.Globalization;
using System.Net;
using Dfss.Protocol;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>What a peer reports of itself.</content>
public sealed partial class DfssPeer
{
    /// <summary>1,000: a message with its advice; the log has the rest.</summary>
    private const int MaxErrorCharacters = 1000;

    private HelloAnswer Hello() => new(
        Handshake.Version, Handshake.Software, StoreId, AdvertisedAddresses, Capabilities: [], HelloLimits.Default)
    {
        RevocationNumber = tls?.Validator.Kept?.Number,
        IssuerNumber = tls?.Validator.Issuer?.Current.Number,
        // Peers that share a store are no copies of each other.
        Instance = store.IsShared ? null : instance,
        Time = Options.Issuer is null ? null : Options.TimeProvider.GetUtcNow(),
    };

    private MessageMap Describe()
    {
        StoreUsage usage = store.GetUsage();
        MessageMap map = new()
        {
            { "store_id", StoreId.ToByteArray() },
            { "software", Handshake.Software },
            { "addresses", MessageValue.From([.. AdvertisedAddresses.Select(address => (MessageValue)address)]) },
            { "process_id", Environment.ProcessId },
            { "uptime_ms", (long)Options.TimeProvider.GetElapsedTime(startedTimestamp).TotalMilliseconds },
            { "connections", Connections },
            { "chunks", usage.Chunks },
            { "stored_bytes", usage.StoredBytes },
            { "quarantined", usage.Quarantined },
            { "scrub", DescribeScrub() },
            { "time", Options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds() },
            { "background", MessageValue.From([.. BackgroundTasks.Select(work => (MessageValue)ToMap(work))]) },
        };
        if (Identity?.Certificate is { } certificate)
        {
            map.Add("certificate_from", ToMilliseconds(certificate.NotBefore));
            map.Add("certificate_until", ToMilliseconds(certificate.NotAfter));
        }

        if (usage.QuotaBytes is long quota)
        {
            map.Add("quota_bytes", quota);
        }

        if (store.Path is string path)
        {
            map.Add("store_path", path);
        }

        if (usage.MinimumFreeBytes is long minimum)
        {
            map.Add("minimum_free_bytes", minimum);
        }

        if (usage.FreeBytes is long free)
        {
            map.Add("free_bytes", free);
        }

        if (store.Fault is { } cause)
        {
            map.Add("fault", PrintableText.FromMessage(cause.Message, MaxErrorCharacters));
        }

        return map;
    }

    private static MessageMap ToMap(BackgroundTaskInfo work)
    {
        MessageMap map = new()
        {
            { "name", work.Name },
            { "running", work.IsRunning },
            { "restarts", work.Restarts },
        };
        if (work.FailedSince is { } since)
        {
            map.Add("failed_since", since.ToUnixTimeMilliseconds());
        }

        if (work.LastSucceeded is { } succeeded)
        {
            map.Add("last_succeeded", succeeded.ToUnixTimeMilliseconds());
        }

        if (work.LastFailed is { } failed)
        {
            map.Add("last_failed", failed.ToUnixTimeMilliseconds());
        }

        if (work.LastError is { } error)
        {
            map.Add("last_error", PrintableText.FromMessage(error, MaxErrorCharacters));
        }

        return map;
    }

    private static long ToMilliseconds(DateTime local) =>
        new DateTimeOffset(local.ToUniversalTime()).ToUnixTimeMilliseconds();

    private MessageMap DescribeScrub()
    {
        ScrubProgress progress = store.Scrubber?.Progress ?? new ScrubProgress();
        MessageMap map = new()
        {
            { "rate", store.Scrubber?.BytesPerSecond ?? 0 },
            { "running", store.Scrubber?.IsRunning == true },
            { "chunks", progress.Chunks },
            { "bytes", progress.Bytes },
            { "corrupt", progress.Corrupt },
        };
        if (progress.Completed is long completed)
        {
            map.Add("completed", completed);
        }

        return map;
    }

    private static List<string> Advertise(PeerOptions options, IConnectionListener listener)
    {
        int port = listener.Endpoints[0].Port;
        if (options.AdvertisedAddresses.Count > 0)
        {
            return [.. options.AdvertisedAddresses.Select(text => PeerAddress.TryParse(text, out PeerAddress? address)
                ? (text.EndsWith(
                    string.Create(CultureInfo.InvariantCulture, $":{address.Port}"), StringComparison.Ordinal)
                    ? address
                    : new PeerAddress(address.Host, port)).ToString()
                : throw new DfssException(
                    DfssErrorCode.InvalidArgument, $"'{text}' is not an address that can be advertised.",
                    "Write host or host:port."))];
        }

        // A wildcard is no address for clients; the host's name is used instead.
        return string.Equals(options.Address, "localhost", StringComparison.OrdinalIgnoreCase)
            ? [new PeerAddress("localhost", port).ToString()]
            : [.. listener.Endpoints.Select(endpoint => new PeerAddress(
                endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any)
                    ? Dns.GetHostName()
                    : endpoint.Address.ToString(),
                port).ToString()).Distinct()];
    }
}
