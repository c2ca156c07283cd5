using Dfss.Records;

namespace Dfss.Storage;

/// <summary>
/// The registers of a store that must be the only member of its homes: it does not keep the clocks of other stores, by
/// which a member that was put back from a backup is recognised.
/// </summary>
internal sealed class SoleMemberRecords(IRecordStore records, StoreId own) : IRecordStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RegisterAnswer>> AskAsync(
        IReadOnlyList<RegisterRequest> requests, CancellationToken cancellationToken)
    {
        foreach (RegisterRequest request in requests)
        {
            if (request.Clocks.Any(clock => clock.StoreId == own && clock.IsKnown))
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    $"A request about '{request.Name}' has a clock of store {own}, which is in an engine and has none.",
                    "No client of DFSS sends one: report how it was made.");
            }

            IReadOnlyList<HomeMember> home = request switch
            {
                SealRequest seal => seal.Home,
                AcceptRequest accept => accept.Record.Home,
                _ => [],
            };
            if (home.Count > 1 && home.Any(member => member.StoreId == own))
            {
                throw new DfssException(
                    DfssErrorCode.InvalidArgument,
                    $"'{request.Name}' is to be kept by store {own}, which is in an engine, and by "
                        + $"{home.Count - 1} others. A store in an engine is the only one of its files.",
                    "Name with -Peer the peers of this store alone, or none of them.");
            }
        }

        return records.AskAsync(requests, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<RecordPage> ListAsync(ListRequest request, CancellationToken cancellationToken) =>
        records.ListAsync(request, cancellationToken);
}
