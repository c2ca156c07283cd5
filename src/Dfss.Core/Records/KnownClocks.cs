namespace Dfss.Records;

/// <summary>
/// The clocks of stores that a client has got: from the stores, and from others that remember them. Kept in memory for
/// the life of the client. A restored store gets the clocks that it has lost, and so detects that it was restored.
/// </summary>
internal sealed class KnownClocks
{
    /// <summary>A store is opened rarely while a client runs; its earlier instances are not asked about
    /// indefinitely.</summary>
    private const int MaxInstances = 8;

    private readonly Lock gate = new();
    private readonly Dictionary<StoreId, Heard> stores = [];

    /// <summary>
    /// The latest clock of each instance of a store, in its latest generation; the highest counter first.
    /// </summary>
    public IReadOnlyList<StoreClock> Find(StoreId storeId)
    {
        lock (gate)
        {
            return stores.TryGetValue(storeId, out Heard? heard) ? [.. heard.Instances.Select(one => one.Clock)] : [];
        }
    }

    /// <summary>Records a clock.</summary>
    public void Hear(StoreClock? clock)
    {
        if (clock is { IsKnown: true })
        {
            lock (gate)
            {
                Note(clock);
            }
        }
    }

    /// <summary>
    /// Whether a store's answer counts: it is of the only known instance, or the store has got the clocks of the
    /// others, with this request or before, and so has checked them itself.
    /// </summary>
    public bool IsVouched(StoreId storeId, RegisterRequest request, StoreClock? answered)
    {
        lock (gate)
        {
            return answered is null || !stores.TryGetValue(storeId, out Heard? heard)
                || answered.Generation > heard.Generation
                || heard.Instances.TrueForAll(one => one.Clock.Instance == answered.Instance
                    || (one.AcknowledgedBy == answered.Instance && one.Acknowledged >= one.Clock.Counter)
                    || IsTold(request, one.Clock));
        }
    }

    /// <summary>Records an answer that counts.</summary>
    public void Count(StoreId storeId, RegisterRequest request, StoreClock? answered)
    {
        if (answered is null)
        {
            return;
        }

        lock (gate)
        {
            Note(answered);
            foreach (HeardInstance one in stores[storeId].Instances.Where(one => IsTold(request, one.Clock)))
            {
                one.AcknowledgedBy = answered.Instance;
                one.Acknowledged = one.Clock.Counter;
            }
        }
    }

    /// <summary>The clocks of other instances that an instance of a store got, and did not contradict.</summary>
    public IReadOnlyList<StoreClock> FindAcknowledged(StoreId storeId, Guid instance)
    {
        lock (gate)
        {
            return stores.TryGetValue(storeId, out Heard? heard)
                ? [.. heard.Instances.Where(one => one.AcknowledgedBy == instance && one.Clock.Instance != instance)
                    .Select(one => one.Clock with { Counter = one.Acknowledged })]
                : [];
        }
    }

    private static bool IsTold(RegisterRequest request, StoreClock clock) =>
        request.Clocks.Any(told => told.StoreId == clock.StoreId
            && told.Generation == clock.Generation && told.Instance == clock.Instance && told.Counter >= clock.Counter);

    private void Note(StoreClock clock)
    {
        if (!stores.TryGetValue(clock.StoreId, out Heard? heard) || clock.Generation > heard.Generation)
        {
            stores[clock.StoreId] = heard = new Heard(clock.Generation);
        }

        if (clock.Generation < heard.Generation)
        {
            return;
        }

        if (heard.Instances.Find(one => one.Clock.Instance == clock.Instance) is not { } known)
        {
            heard.Instances.Add(new HeardInstance { Clock = clock });
        }
        else if (clock.Counter > known.Clock.Counter)
        {
            known.Clock = clock;
        }

        heard.Instances.Sort((left, right) => right.Clock.Counter.CompareTo(left.Clock.Counter));
        if (heard.Instances.Count > MaxInstances)
        {
            heard.Instances.RemoveAt(MaxInstances);
        }
    }

    private sealed record Heard(long Generation)
    {
        public List<HeardInstance> Instances { get; } = [];
    }

    private sealed class HeardInstance
    {
        public required StoreClock Clock { get; set; }

        /// <summary>The instance of the store that got this clock, and its counter then.</summary>
        public Guid AcknowledgedBy { get; set; }

        public long Acknowledged { get; set; }
    }
}
