using Dfss.Security;

namespace Dfss.Clusters;

/// <content>States where this issuer is, for members and peers to pass on.</content>
public sealed partial class ClusterIssuer
{
    private IssuerStatement? place;

    /// <summary>
    /// Signs a statement of where this issuer is: at each start, so that its number is above those of earlier starts.
    /// </summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    internal async Task SetAddressesAsync(StoreId store, IReadOnlyList<string> addresses)
    {
        IReadOnlyList<string> fitting = IssuerStatement.Fitting(addresses);
        if (fitting.Count > 0)
        {
            place = new IssuerStatement(0, store, fitting);
            await SignAddressesAsync(place).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Signs the next statement where the one in force names another place: a member may have brought it.
    /// </summary>
    internal async Task KeepAddressesAsync()
    {
        while (place is { } own && !own.IsSamePlace(statement.Current))
        {
            await SignAddressesAsync(own).ConfigureAwait(false);
        }
    }

    private async Task SignAddressesAsync(IssuerStatement own)
    {
        long number = Math.Max(clock.GetUtcNow().ToUnixTimeMilliseconds(), statement.Current.Number + 1);
        await statement.ReplaceAsync(
            authority.Sign(own with { Number = number }), CancellationToken.None).ConfigureAwait(false);
    }
}
