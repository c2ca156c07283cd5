using Dfss.Security;

namespace Dfss.Clusters;

/// <content>States where this issuer is, for members and peers to pass on.</content>
public sealed partial class ClusterIssuer
{
    /// <summary>One minute: two issuers that sign over each other's address do not fill the log.</summary>
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);

    private readonly Lock warningGate = new();
    private IssuerStatement? place;
    private Action<string>? log;
    private long? warnedAt;

    /// <summary>
    /// Signs a statement of where this issuer is: at each start, so that its number is above those of earlier starts.
    /// An issuer that cannot write the statement logs that, and serves all the same: who knows its address reaches it.
    /// </summary>
    internal async Task SetAddressesAsync(
        StoreId store, IReadOnlyList<string> addresses, Action<string>? reportTo = null)
    {
        log = reportTo;
        IReadOnlyList<string> fitting = IssuerStatement.Fitting(addresses);

        // On another machine a loopback address is another peer's: stated only where the issuer has no other address.
        IReadOnlyList<string> reachable = [.. fitting.Where(text => !PeerAddress.Parse(text).IsLoopback)];
        fitting = reachable.Count > 0 ? reachable : fitting;
        if (fitting.Count == 0)
        {
            return;
        }

        place = new IssuerStatement(0, store, fitting);
        try
        {
            await SignAddressesAsync(place).ConfigureAwait(false);
        }
        catch (DfssException error) when (error.Code == DfssErrorCode.DestinationUnwritable)
        {
            log?.Invoke($"The issuer's address could not be signed, and members do not learn it: {error.Message}");
        }
    }

    /// <summary>
    /// Signs the next statement where the one in force names another place: a member may have brought it.
    /// </summary>
    internal async Task KeepAddressesAsync()
    {
        while (place is { } own && statement.Current is var other && !own.IsSamePlace(other))
        {
            WarnOfAnother(other);
            if (await SignAddressesAsync(own).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    private void WarnOfAnother(IssuerStatement other)
    {
        lock (warningGate)
        {
            if (other.Addresses.Count == 0
                || (warnedAt is { } last && clock.GetElapsedTime(last) < WarningInterval))
            {
                return;
            }

            warnedAt = clock.GetTimestamp();
        }

        log?.Invoke($"Warning: another issuer of this cluster runs at {string.Join(", ", other.Addresses)} (store "
            + $"{other.StoreId}), or ran there under a clock ahead of this one. Two issuers know different members and "
            + "revocations, and sign over each other's address. If it runs, stop one of them (Stop-DfssPeer), and keep "
            + "the authority's folder on one machine only.");
    }

    /// <returns>Whether the statement is in force; not where a newer one came meanwhile.</returns>
    private Task<bool> SignAddressesAsync(IssuerStatement own)
    {
        long number = Math.Max(clock.GetUtcNow().ToUnixTimeMilliseconds(), statement.Current.Number + 1);
        return statement.ReplaceAsync(authority.Sign(own with { Number = number }), CancellationToken.None);
    }
}
