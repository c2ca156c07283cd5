using System.Management.Automation;
using Dfss.Encryption;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>What the user may have meant by a name that no peer has.</content>
internal sealed partial class NameQuery
{
    /// <summary>10,000 names, 2 s: the question is an extra, which must not keep the error waiting.</summary>
    private const int MaxListedNames = 10_000;

    private static readonly TimeSpan MaxListingTime = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The failure to find the file of this name, with a question for a name that is near, or what to write for the
    /// files of a folder.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="drive">The drive whose path the name was given as; null for a name in the store.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal async Task<DfssException> ExplainAsync(
        DfssClient client, DfssDriveInfo? drive, DfssException failure, CancellationToken cancellationToken)
    {
        if (IsPattern || shown is not null)
        {
            return failure;
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(MaxListingTime);
        List<string> near = [];
        bool isFolder = false;
        try
        {
            int listed = 0;
            await foreach (StoredFile file in client.ListAsync(
                hidden is null ? string.Empty : HiddenNames.Prefix, limit.Token).ConfigureAwait(false))
            {
                if (NameOf(file) is { } name)
                {
                    isFolder |= name.StartsWith($"{text}/", StringComparison.Ordinal);
                    if (NearName.IsNear(text, name))
                    {
                        near.Add(name);
                    }
                }

                if (++listed == MaxListedNames)
                {
                    break;
                }
            }
        }
        catch (Exception exception) when (exception is DfssException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The names up to here are asked about; that the file was not found is the error.
        }

        string[] found = NearName.Find(text, near);
        return isFolder
            ? failure.Copy(
                $"{failure.Reason} It is a folder: names begin with '{text}/'.",
                $"Write '{Show(drive)}/*' for all files below it.")
            : NearName.Ask(found) is { } question
                ? failure.Copy($"{failure.Reason} {question}", nearNames: found)
                : failure;
    }

    /// <summary>The name as a pattern, or as a path of the drive.</summary>
    private string Show(DfssDriveInfo? drive) =>
        drive is not null && text.StartsWith(drive.Below, StringComparison.Ordinal)
            ? $"{drive.Name}:/{WildcardPattern.Escape(text[drive.Below.Length..])}"
            : WildcardPattern.Escape(text);

    private string? NameOf(StoredFile file)
    {
        string? name = file.Record.Name;
        return hidden is null || hidden.Any(key => key.TryOpen(file.Record.Name, out name)) ? name : null;
    }
}
