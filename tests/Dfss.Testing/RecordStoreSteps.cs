using Dfss.Records;

namespace Dfss.Testing;

/// <summary>The steps of the registers by their names, for calls whose requests have no type of their own.</summary>
internal static class RecordStoreSteps
{
    public static ValueTask<IReadOnlyList<RegisterAnswer>> PrepareAsync(
        this IRecordStore records, IReadOnlyList<PrepareRequest> requests, CancellationToken cancellationToken) =>
        records.AskAsync(requests, cancellationToken);

    public static ValueTask<IReadOnlyList<RegisterAnswer>> SealAsync(
        this IRecordStore records, IReadOnlyList<SealRequest> requests, CancellationToken cancellationToken) =>
        records.AskAsync(requests, cancellationToken);

    public static ValueTask<IReadOnlyList<RegisterAnswer>> AcceptAsync(
        this IRecordStore records, IReadOnlyList<AcceptRequest> requests, CancellationToken cancellationToken) =>
        records.AskAsync(requests, cancellationToken);

    public static ValueTask<IReadOnlyList<RegisterAnswer>> DecideAsync(
        this IRecordStore records, IReadOnlyList<DecideRequest> requests, CancellationToken cancellationToken) =>
        records.AskAsync(requests, cancellationToken);

    public static ValueTask<IReadOnlyList<RegisterAnswer>> ReadAsync(
        this IRecordStore records, IReadOnlyList<ReadRequest> requests, CancellationToken cancellationToken) =>
        records.AskAsync(requests, cancellationToken);
}
