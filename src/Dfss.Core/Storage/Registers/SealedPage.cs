using Dfss.Records;

namespace Dfss.Storage;

/// <summary>One page of a list of names with seals.</summary>
/// <param name="Names">By ascending name.</param>
/// <param name="After">The last name of this page; null if there is no further page.</param>
internal sealed record SealedPage(IReadOnlyList<SealedName> Names, string? After)
{
    /// <summary>Registers read for one page: some tens of milliseconds, even if few of them have seals.</summary>
    private const int MaxLooks = 10_000;

    private const int RegistersPerLook = 256;

    /// <summary>Reads the registers behind a name.</summary>
    public static async Task<SealedPage> ReadAsync(
        IRegisterTable table, string? after, int limit, CancellationToken cancellationToken)
    {
        List<SealedName> names = [];
        for (int looks = 0; looks < MaxLooks; looks += RegistersPerLook)
        {
            IReadOnlyList<RegisterEntry> entries =
                await table.ListAsync(
                    after, prefix: string.Empty, RegistersPerLook, cancellationToken).ConfigureAwait(false);
            foreach (RegisterEntry entry in entries)
            {
                after = entry.Name;
                if (entry.State.Seals.Count > 0)
                {
                    names.Add(new SealedName(entry.Name, entry.State.Seals));
                    if (names.Count == limit)
                    {
                        return new SealedPage(names, after);
                    }
                }
            }

            if (entries.Count < RegistersPerLook)
            {
                return new SealedPage(names, After: null);
            }
        }

        return new SealedPage(names, after);
    }
}
