using System.Diagnostics;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <content>Changes of records, which transfer nothing.</content>
internal sealed partial class FilePump
{
    /// <summary>Takes a change of a record, which transfers nothing.</summary>
    /// <param name="file">The file.</param>
    /// <param name="done">The verb of the verbose message.</param>
    /// <param name="passesThru">Whether the changed file is written.</param>
    /// <param name="changeAsync">Makes the change.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    internal Task EnqueueChangeAsync(
        StoredFile file, string done, bool passesThru, Func<CancellationToken, Task<StoredFile>> changeAsync,
        CancellationToken cancellationToken)
    {
        async Task<Action> ChangeAsync(CancellationToken token)
        {
            long startedAt = Stopwatch.GetTimestamp();
            StoredFile changed = await changeAsync(token).ConfigureAwait(false);
            StoredFile shown = changed.Record.Name == file.Record.Name ? changed with { Name = file.Name } : changed;
            SayDone(done, shown, startedAt);
            return passesThru ? () => cmdlet.WriteObject(new DfssFileInfo(shown)) : static () => { };
        }

        return EnqueueAsync(
            new FileWork(file.Name, file.Name, Length: 0, (_, token) => ChangeAsync(token))
            {
                StoredName = file.Record.Name
            },
            cancellationToken);
    }
}
