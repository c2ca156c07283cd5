using System.Globalization;
using static Dfss.Transfer.HealthStatus;

namespace Dfss.Transfer;

/// <summary>The checks of a single peer, by what it reports of itself. They read nothing else.</summary>
internal static class PeerChecks
{
    /// <summary>Two weeks: a round and its rest take one, and one round may be missed.</summary>
    public static readonly TimeSpan ScrubLimit = TimeSpan.FromDays(14);

    /// <summary>Six hours: a peer collects each hour, and a pass over a large store may take some.</summary>
    public static readonly TimeSpan CollectionLimit = TimeSpan.FromHours(6);

    /// <summary>10 s: clocks that are set by a time server differ by far less.</summary>
    public static readonly TimeSpan SkewWarning = TimeSpan.FromSeconds(10);

    /// <summary>5 min: certificates are issued with such a margin, and Kerberos refuses more.</summary>
    public static readonly TimeSpan SkewError = TimeSpan.FromMinutes(5);

    /// <summary>30 days, or a quarter of a shorter lifetime: as CertificateAge warns.</summary>
    private static readonly TimeSpan CertificateNotice = TimeSpan.FromDays(30);

    /// <summary>A tenth of the room is left.</summary>
    private const int RoomShare = 10;

    /// <summary>The result of this check for a peer.</summary>
    public static IEnumerable<HealthResult> Run(string check, PeerAnswer answer)
    {
        IEnumerable<HealthResult> results = (check, answer.Info) switch
        {
            (HealthChecks.PeerDown, _) => [CheckDown(answer)],
            (HealthChecks.CertificateEnding, null) when answer.Failure?.Code == DfssErrorCode.CertificateExpired =>
                [CertificateResult(answer, Error, answer.Failure.Message, since: null)],
            (_, null) => [],
            (HealthChecks.ScrubLate, { } info) => [CheckScrub(answer, info)],
            (HealthChecks.CollectionLate, { } info) => [CheckCollection(answer, info)],
            (HealthChecks.DiskFilling, { } info) => [CheckRoom(answer, info)],
            (HealthChecks.CertificateEnding, { } info) => [CheckCertificate(answer, info)],
            (HealthChecks.ClockSkew, { } info) => [CheckClock(answer, info)],
            (HealthChecks.TaskFailing, { } info) => CheckTasks(answer, info),
            (HealthChecks.StoreReadOnly, { } info) => [CheckFault(answer, info)],
            _ => [],
        };
        return results.Select(result => result with { Peer = answer.Peer });
    }

    private static HealthResult CheckDown(PeerAnswer answer) => answer switch
    {
        { Failure: null } => new(HealthChecks.PeerDown, Ok, "It answers."),
        { IsRefusal: true } => new(
            HealthChecks.PeerDown, Unknown, $"It runs, and does not say how it is: {answer.Failure.Message}"),
        _ => new(HealthChecks.PeerDown, Error, $"It does not answer: {answer.Failure.Reason}")
        {
            Command = RepairCommands.Start(answer.Peer, info: null),
        },
    };

    private static HealthResult CheckScrub(PeerAnswer answer, PeerInfo info)
    {
        const string check = HealthChecks.ScrubLate;
        ScrubInfo scrub = info.Scrub;
        if (scrub.BytesPerSecond == 0)
        {
            return info.BackgroundTasks.All(task => task.Name != BackgroundTaskInfo.Scrub)
                ? new(check, Ok, "It has no scrub: what keeps its chunks checks them.")
                : new(check, Warning, "Its scrub is turned off: a copy that goes bad is found when it is read.")
                {
                    Since = info.Time - info.Uptime,
                    Command = RepairCommands.Restart(answer, "-ScrubRate 8MB"),
                };
        }

        if (info.Time is not { } now)
        {
            return NotReported(check);
        }

        // A round of a large store takes its time at this rate, once in its turn and once for the round missed.
        TimeSpan round = TimeSpan.FromSeconds((double)info.StoredBytes / scrub.BytesPerSecond);
        DateTimeOffset late = (scrub.LastCompleted ?? now - info.Uptime) + ScrubLimit + round + round;
        string last = Say("Its scrub last got through the whole store", scrub.LastCompleted);
        return now <= late
            ? new(check, Ok, last)
            : new(check, Warning, last)
            {
                Since = late,
                Command = RepairCommands.Restart(answer, string.Create(
                    CultureInfo.InvariantCulture,
                    $"-ScrubRate {Math.Min(scrub.BytesPerSecond, long.MaxValue / 2) * 2}")),
            };
    }

    private static HealthResult CheckCollection(PeerAnswer answer, PeerInfo info)
    {
        const string check = HealthChecks.CollectionLate;
        BackgroundTaskInfo? task =
            info.BackgroundTasks.FirstOrDefault(task => task.Name == BackgroundTaskInfo.Collection);
        if (task is null || info.Time is not { } now)
        {
            return NotReported(check);
        }

        DateTimeOffset late = (task.LastSucceeded ?? now - info.Uptime) + CollectionLimit;
        string last = Say("Its garbage collection last succeeded", task.LastSucceeded);
        return now <= late
            ? new(check, Ok, last)
            : new(check, Warning, last) { Since = late, Command = $"Optimize-DfssStore {answer.Peer}" };
    }

    private static HealthResult CheckRoom(PeerAnswer answer, PeerInfo info)
    {
        const string check = HealthChecks.DiskFilling;
        long ofQuota = info.QuotaBytes is { } quota ? quota - info.StoredBytes : long.MaxValue;
        long ofDisk = info.FreeBytes is { } free ? free - (info.MinimumFreeBytes ?? 0) : long.MaxValue;
        long room = Math.Max(0, Math.Min(ofQuota, ofDisk));
        if (room == long.MaxValue)
        {
            return new(check, Ok, "It has no limit of space.");
        }

        string message = string.Create(
            CultureInfo.InvariantCulture, $"It stores {info.StoredBytes:N0} bytes, and has room for {room:N0} more.");
        HealthStatus status = room < DfssLimits.MaxChunkSize && room < info.StoredBytes / RoomShare ? Error
            : room == 0 ? Error
            : room < (room + info.StoredBytes) / RoomShare ? Warning : Ok;
        return status == Ok
            ? new(check, Ok, message)
            : new(check, status, message)
            {
                Command = ofQuota <= ofDisk
                    ? RepairCommands.Restart(answer, string.Create(
                        CultureInfo.InvariantCulture, $"-Quota {info.QuotaBytes / 2 + info.QuotaBytes}"))
                    : RepairCommands.Restart(answer, "-MinimumFreeSpace BYTES"),
            };
    }

    private static HealthResult CheckCertificate(PeerAnswer answer, PeerInfo info)
    {
        if (info.CertificateUntil is not { } until || info.CertificateFrom is not { } from)
        {
            return info.Tls is null
                ? new(HealthChecks.CertificateEnding, Ok, "It has no certificate.")
                : NotReported(HealthChecks.CertificateEnding);
        }

        TimeSpan quarter = (until - from) / 4;
        DateTimeOffset ending = until - (quarter < CertificateNotice ? quarter : CertificateNotice);
        string message = string.Create(CultureInfo.InvariantCulture, $"Its certificate is valid until {until:u}.");
        return answer.Middle < ending
            ? new(HealthChecks.CertificateEnding, Ok, message)
            : CertificateResult(answer, answer.Middle < until ? Warning : Error, message, ending);
    }

    private static HealthResult CertificateResult(
        PeerAnswer answer, HealthStatus status, string message, DateTimeOffset? since) =>
        new(HealthChecks.CertificateEnding, status, message)
        {
            Since = since,
            Command = RepairCommands.Restart(answer),
        };

    private static HealthResult CheckClock(PeerAnswer answer, PeerInfo info)
    {
        if (info.Time is not { } time)
        {
            return NotReported(HealthChecks.ClockSkew);
        }

        TimeSpan apart = time - answer.Middle;
        TimeSpan sure = apart.Duration() - answer.Uncertainty;
        string message = string.Create(
            CultureInfo.InvariantCulture,
            $"Its clock is {apart.Duration().TotalSeconds:F1} s {(apart < TimeSpan.Zero ? "behind" : "ahead of")} "
                + $"this machine's.");
        return sure < SkewWarning
            ? new(HealthChecks.ClockSkew, Ok, message)
            : new(HealthChecks.ClockSkew, sure < SkewError ? Warning : Error, message)
            {
                Command = "chronyc makestep (Windows: w32tm /resync)",
            };
    }

    private static List<HealthResult> CheckTasks(PeerAnswer answer, PeerInfo info)
    {
        List<HealthResult> failing =
        [
            .. from task in info.BackgroundTasks
               where task.FailedSince is not null
               select new HealthResult(
                   HealthChecks.TaskFailing, Error,
                   $"{task.Name} fails, and is tried again after a growing pause: {task.LastError}")
               {
                   Since = task.FailedSince,
                   Command = RepairCommands.Restart(answer),
               },
        ];
        return failing.Count > 0 ? failing
            : info.BackgroundTasks.Count == 0 ? [NotReported(HealthChecks.TaskFailing)]
            : [new(HealthChecks.TaskFailing, Ok, "No background task fails.")];
    }

    private static HealthResult CheckFault(PeerAnswer answer, PeerInfo info) => info.StoreFault is { } fault
        ? new(
            HealthChecks.StoreReadOnly, Error,
            $"Its store takes no more writes and votes until it is restarted: {fault}")
        {
            Command = RepairCommands.Restart(answer),
        }
        : new(HealthChecks.StoreReadOnly, Ok, "Its store takes writes.");

    private static string Say(string what, DateTimeOffset? when) => when is { } time
        ? string.Create(CultureInfo.InvariantCulture, $"{what} at {time:u}.")
        : $"{what} before the peer started, or never.";

    private static HealthResult NotReported(string check) =>
        new(check, Unknown, "The peer does not report it: its version is too old.");
}
