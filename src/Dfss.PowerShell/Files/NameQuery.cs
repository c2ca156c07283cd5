using System.Management.Automation;
using System.Runtime.CompilerServices;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// A name that a user asks for: one file, or all that match its wildcards. Case-sensitive, as the store is. A file
/// whose name is the text itself matches too: names with brackets also come from objects, where they are not escaped.
/// </summary>
internal sealed partial class NameQuery
{
    private static readonly System.Buffers.SearchValues<char> Special = System.Buffers.SearchValues.Create("*?[`");

    private readonly string text;
    private readonly WildcardPattern? pattern;
    private readonly IReadOnlyList<HiddenNames>? hidden;
    private readonly string? shown;

    /// <summary>Makes a query from the user's text.</summary>
    /// <param name="text">A name, or a pattern.</param>
    /// <param name="isLiteral">Whether every character stands for itself.</param>
    /// <param name="hidden">
    /// The keys of hidden names, with which no peer gets a plain name; null if names are not hidden.
    /// </param>
    /// <exception cref="WildcardPatternException">The pattern is not well formed.</exception>
    internal NameQuery(string text, bool isLiteral, IReadOnlyList<HiddenNames>? hidden = null)
    {
        this.hidden = hidden;
        bool hasWildcards = !isLiteral && WildcardPattern.ContainsWildcardCharacters(text);
        this.text = isLiteral || hasWildcards ? text : WildcardPattern.Unescape(text);
        if (hasWildcards)
        {
            pattern = new WildcardPattern(text, WildcardOptions.CultureInvariant);
            int end = text.AsSpan().IndexOfAny(Special);
            Prefix = end < 0 ? text : text[..end];
        }
    }

    private NameQuery(string text, string shown)
    {
        this.text = text;
        this.shown = shown;
    }

    /// <summary>The file of an object from the pipeline.</summary>
    /// <param name="storedName">The name that the peers have.</param>
    /// <param name="name">The name for users.</param>
    /// <param name="removed">Whether removed files are looked for.</param>
    internal static NameQuery OfObject(string storedName, string name, RemovedFiles removed = RemovedFiles.LeftOut) =>
        new(storedName, name) { Removed = removed };

    /// <summary>Whether it has wildcards, and so is answered from the peers' lists.</summary>
    internal bool IsPattern => pattern is not null;

    /// <summary>Whether removed files are looked for.</summary>
    internal RemovedFiles Removed { get; init; }

    /// <summary>The prefix of every match; the peers need not list more.</summary>
    internal string Prefix { get; } = string.Empty;

    /// <summary>The files; one name without wildcards that is not there is FileNotFound.</summary>
    /// <param name="client">The client.</param>
    /// <param name="lacks">Called with the reason for all that the lists may lack; null if it does not matter.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async IAsyncEnumerable<StoredFile> FindAsync(
        DfssClient client, Action<string>? lacks, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (hidden is not null)
        {
            await foreach (StoredFile file in FindHiddenAsync(
                client, hidden, lacks, cancellationToken).ConfigureAwait(false))
            {
                yield return file;
            }

            yield break;
        }

        if (pattern is null)
        {
            StoredFile found = await ReadAsync(client, text, cancellationToken).ConfigureAwait(false);
            yield return shown is null ? found : found with { Name = shown };
            yield break;
        }

        await foreach (StoredFile file in ListAsync(client, Prefix, lacks, cancellationToken).ConfigureAwait(false))
        {
            if (IsMatch(file.Record.Name))
            {
                yield return file;
            }
        }
    }

    /// <summary>The error of a pattern that is not well formed.</summary>
    internal static ErrorRecord CreateError(string pattern, WildcardPatternException exception) => ErrorRecords.Create(
        "NameInvalid", ErrorCategory.InvalidArgument, pattern, $"'{pattern}' is not a pattern: {exception.Message}",
        "Use -LiteralName for a name with brackets.", exception);

    private async IAsyncEnumerable<StoredFile> FindHiddenAsync(
        DfssClient client, IReadOnlyList<HiddenNames> keys, Action<string>? lacks,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (pattern is null)
        {
            yield return await GetHiddenAsync(client, keys, cancellationToken).ConfigureAwait(false);
            yield break;
        }

        // The peers list them by their stored names; users expect them by their plain names.
        var found = new List<StoredFile>();
        await foreach (StoredFile file in ListAsync(
            client, HiddenNames.Prefix, lacks, cancellationToken).ConfigureAwait(false))
        {
            string? name = null;
            if (keys.Any(key => key.TryOpen(file.Record.Name, out name)) && IsMatch(name!))
            {
                found.Add(file with { Name = name! });
            }
        }

        foreach (StoredFile file in found.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            yield return file;
        }
    }

    /// <summary>The one file of a name without wildcards.</summary>
    /// <exception cref="DfssException">FileNotFound, or the error of the read.</exception>
    internal Task<StoredFile> GetAsync(DfssClient client, CancellationToken cancellationToken) =>
        hidden is null ? ReadAsync(client, text, cancellationToken) : GetHiddenAsync(client, hidden, cancellationToken);

    private async Task<StoredFile> GetHiddenAsync(
        DfssClient client, IReadOnlyList<HiddenNames> keys, CancellationToken cancellationToken)
    {
        string name = FileName.Normalize(text);
        for (int i = 0; ; i++)
        {
            // The text may be the stored name itself.
            string stored = keys[i].TryOpen(text, out string? opened) ? text : keys[i].Hide(name);
            try
            {
                return await ReadAsync(client, stored, cancellationToken).ConfigureAwait(false) with
                {
                    Name = opened ?? name
                };
            }
            catch (DfssException exception) when (exception.Code == DfssErrorCode.FileNotFound)
            {
                if (i == keys.Count - 1)
                {
                    throw new DfssException(
                        DfssErrorCode.FileNotFound,
                        $"No peer that was asked has a file whose hidden name is '{name}' under the keys "
                            + "that are given.",
                        "List those that they open with Get-DfssFileInfo -HiddenName; names are case-sensitive.",
                        exception);
                }
            }
        }
    }

    /// <summary>Whether a name is asked for.</summary>
    internal bool IsMatch(string name) => name == text || (pattern is not null && pattern.IsMatch(name));

    private async Task<StoredFile> ReadAsync(DfssClient client, string name, CancellationToken cancellationToken)
    {
        if (Removed == RemovedFiles.Only)
        {
            return await client.GetRemovedAsync(name, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await client.GetAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException exception) when (exception.Code == DfssErrorCode.FileNotFound
            && Removed == RemovedFiles.Too)
        {
            return await client.GetRemovedAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    private IAsyncEnumerable<StoredFile> ListAsync(
        DfssClient client, string prefix, Action<string>? lacks, CancellationToken cancellationToken) => Removed switch
        {
            RemovedFiles.Only => client.ListRemovedAsync(prefix, cancellationToken),
            RemovedFiles.Too => client.ListAsync(prefix, lacks, cancellationToken)
                .Concat(client.ListRemovedAsync(prefix, cancellationToken)),
            _ => client.ListAsync(prefix, lacks, cancellationToken),
        };
}
