using System.Globalization;
using System.Text;

namespace Dfss.Storage;

/// <summary>
/// The object that makes the keys below a prefix a store: two lines, <c>DFSS objects 1</c> and the store id. One of any
/// number of peers creates it; it is never changed.
/// </summary>
internal static class ObjectFormat
{
    /// <summary>The version written, and the only one that is read.</summary>
    public const int Version = 1;

    private const string FirstWord = "DFSS objects ";
    private const string Other = "Give another prefix in the bucket: s3://BUCKET/PREFIX.";

    /// <summary>The id of the store, which is made where the engine has nothing yet.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFormat"/>: newer, damaged, or other objects.
    /// <see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    public static async Task<StoreId> FindOrCreateAsync(
        IObjectStore objects, string address, CancellationToken cancellationToken)
    {
        if (await FindAsync(objects, address, cancellationToken).ConfigureAwait(false) is StoreId found)
        {
            return found;
        }

        string? foreign = await FindForeignAsync(objects, cancellationToken).ConfigureAwait(false);
        // Another peer may have made the store meanwhile, and written to it.
        if (await FindAsync(objects, address, cancellationToken).ConfigureAwait(false) is StoreId made)
        {
            return made;
        }

        if (foreign is not null)
        {
            throw new DfssException(
                DfssErrorCode.StoreFormat,
                $"'{address}' is no store of DFSS: it has the object '{foreign}', and no object '{ObjectKeys.Format}'.",
                Other);
        }

        string text = $"{FirstWord}{Version.ToString(CultureInfo.InvariantCulture)}\n{StoreId.Create()}\n";
        await objects.CreateAsync(ObjectKeys.Format, Encoding.ASCII.GetBytes(text), cancellationToken)
            .ConfigureAwait(false);
        // The object of another peer, if that was the first.
        return await FindAsync(objects, address, cancellationToken).ConfigureAwait(false)
            ?? throw new DfssException(
                DfssErrorCode.StoreFailed,
                $"The engine of the store '{address}' does not have the object '{ObjectKeys.Format}' that was just "
                    + "created.",
                "Check whether something deletes objects in this bucket, such as a lifecycle rule.");
    }

    private static async Task<StoreId?> FindAsync(
        IObjectStore objects, string address, CancellationToken cancellationToken)
    {
        if (await objects.GetAsync(ObjectKeys.Format, cancellationToken).ConfigureAwait(false) is not { } content)
        {
            return null;
        }

        string[] lines = Encoding.ASCII.GetString(content.Span).Split('\n');
        if (lines.Length < 2 || !lines[0].StartsWith(FirstWord, StringComparison.Ordinal)
            || !int.TryParse(
                lines[0].AsSpan(FirstWord.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int version))
        {
            throw new DfssException(
                DfssErrorCode.StoreFormat,
                $"The object '{ObjectKeys.Format}' of '{address}' is not that of a DFSS store.", Other);
        }

        if (version != Version)
        {
            throw new DfssException(
                DfssErrorCode.StoreFormat,
                $"The store '{address}' has format {version}; this DFSS supports format {Version} only.",
                $"Use another DFSS. {Other}");
        }

        return StoreId.TryParse(lines[1], out StoreId id) ? id : throw new DfssException(
            DfssErrorCode.StoreFormat,
            $"The object '{ObjectKeys.Format}' of '{address}' has no store id.",
            "Restore it from a copy, or give another prefix in the bucket.");
    }

    /// <summary>The key of an object that is not the probe's; null where there is none.</summary>
    private static async Task<string?> FindForeignAsync(IObjectStore objects, CancellationToken cancellationToken)
    {
        await foreach (ObjectEntry entry in
            objects.ListAllAsync(prefix: string.Empty, cancellationToken).ConfigureAwait(false))
        {
            if (!entry.Key.StartsWith(ObjectKeys.Probes, StringComparison.Ordinal))
            {
                return entry.Key;
            }
        }

        return null;
    }
}
