using System.Collections.Concurrent;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>
/// The files that a change is of: all of them are found before the first one changes.
/// </content>
public sealed partial class DfssProvider
{
    /// <summary>64: each costs a few small requests, which the client batches.</summary>
    private const int ChangesAtOnce = 64;

    /// <summary>The files of a path that are to change: with -Filter those whose last part matches it.</summary>
    private StoredFile[] FindFiltered(DrivePath path, bool recurse)
    {
        StoredFile[] files = FindAll(path, recurse);
        return CreateFilter() is { } filter
            ? Array.FindAll(files, file => filter.IsMatch(DrivePath.LeafOf(file.Record.Name)))
            : files;
    }

    /// <summary>The file of a path, as it is now, and those below it.</summary>
    /// <exception cref="CmdletException">
    /// ListingIncomplete: there may be more below it, at a peer that does not answer.
    /// </exception>
    private StoredFile[] FindAll(DrivePath path, bool recurse) => Run<StoredFile[]>(path, async (call, token) =>
    {
        Task<StoredFile?> asked = path.Name.Length == 0
            ? Task.FromResult<StoredFile?>(null)
            : path.Drive.Store.TryGetAsync(path.Name, token);
        if (!recurse)
        {
            return await asked.ConfigureAwait(false) is { } only ? [only] : [];
        }

        // Of a folder the names below it say more: there may be some where its own name is not permitted, and where no
        // majority answers for that, they are incomplete too.
        await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        bool isFolderAtMost = DriveStore.IsNotPermitted(asked) || DriveStore.HasNoMajority(asked);
        StoredFile? file = isFolderAtMost ? null : await asked.ConfigureAwait(false);
        (DriveTree tree, string? lack) = await ListAsync(call, path, token).ConfigureAwait(false);
        StoredFile[] below = [.. tree.FindBelow(path.Below)];
        if (isFolderAtMost && below.Length == 0)
        {
            await asked.ConfigureAwait(false);
        }

        if (lack is not null && (file is null || below.Length > 0))
        {
            throw ListingIncomplete(path, lack);
        }

        if (DriveStore.HasNoMajority(asked))
        {
            await asked.ConfigureAwait(false);
        }

        WarnOfFolder(path, lack);
        return file is null ? below : [file, .. below];
    });

    /// <summary>Changes files, some at once. The error of one file does not keep the others.</summary>
    private void ChangeAll(
        DrivePath path, StoredFile[] files, bool isQuiet,
        Func<DfssClient, StoredFile, CancellationToken, Task<StoredFile>> changeAsync) =>
        ChangeAll(path, files, isQuiet, async (client, file, done, token) =>
            done(await changeAsync(client, file, token).ConfigureAwait(false)));

    /// <summary>
    /// The same for changes of several steps, which call the action once, as soon as something has changed: a later
    /// step may fail.
    /// </summary>
    private void ChangeAll(
        DrivePath path, StoredFile[] files, bool isQuiet,
        Func<DfssClient, StoredFile, Action<StoredFile>, CancellationToken, Task> changeAsync)
    {
        var changed = new ConcurrentQueue<StoredFile>();
        var errors = new ConcurrentQueue<ErrorRecord>();
        var said = new ConcurrentQueue<DriveMessage>();
        CmdletException? failure = null;
        try
        {
            Change(path, said, async (call, token) =>
            {
                var options = new ParallelOptions { MaxDegreeOfParallelism = ChangesAtOnce, CancellationToken = token };
                await Parallel.ForEachAsync(files, options, async (file, one) =>
                {
                    try
                    {
                        await changeAsync(
                            path.Drive.Store.Client, file, changed.Enqueue, one).ConfigureAwait(false);
                        call.Say(FormattableString.Invariant($"{changed.Count:N0} of {files.Length:N0} files done"));
                    }
                    catch (DfssException exception) when (!ErrorRecords.IsAboutThePeers(exception))
                    {
                        errors.Enqueue(ErrorRecords.Create(exception, file.Name));
                    }
                }).ConfigureAwait(false);
                return true;
            });
        }
        catch (CmdletException exception)
        {
            failure = exception;
        }

        WriteChanged(path, isQuiet ? [] : changed, errors);
        string outcome = FormattableString.Invariant(
            $"{(failure is null ? "" : "At least ")}{changed.Count:N0} of {files.Length:N0} files have changed.");
        Tell(path, said, outcome);
        if (failure is not null)
        {
            throw files.Length == 1 ? failure : failure.With(outcome);
        }
    }

    /// <summary>Gives a file another name; what has that name is replaced only by force.</summary>
    private static async Task MoveOneAsync(
        DfssClient client, StoredFile file, string name, bool force, Action<StoredFile> done,
        CancellationToken cancellationToken)
    {
        if (!force || !await client.IsNameTakenAsync(file, name, cancellationToken).ConfigureAwait(false))
        {
            done(await client.RenameAsync(file, name, cancellationToken).ConfigureAwait(false));
            return;
        }

        done(await client.CopyAsync(
            file, name, new CopyOptions { Force = true }, cancellationToken).ConfigureAwait(false));
        try
        {
            await client.RemoveAsync(file, RemoveOptions.Default, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            throw error.Copy(
                $"'{name}' was replaced, and '{file.Name}' could not be removed: {error.Reason}",
                $"Look at both with Get-DfssFileInfo, and remove '{file.Name}' if it is not needed.");
        }
    }

    /// <summary>Writes the files first: an error may end the command, and so may a warning.</summary>
    private void WriteChanged(DrivePath path, IEnumerable<StoredFile> changed, IEnumerable<ErrorRecord> errors)
    {
        foreach (StoredFile file in changed.OrderBy(one => one.Name, StringComparer.Ordinal))
        {
            WriteFile(path, file);
        }

        foreach (ErrorRecord error in errors)
        {
            WriteError(error);
        }
    }
}
