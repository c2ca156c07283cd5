using System.Diagnostics;
using System.Management.Automation;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// A cmdlet that changes what names mean, and transfers nothing. What it asks of a peer for many files goes together.
/// </summary>
public abstract class RecordCmdlet : StoredFileCmdlet
{
    /// <summary>
    /// Files that are changed at one moment. 256: the most, as each costs only a few small questions.
    /// </summary>
    [Parameter(HelpMessage = "Files that are changed at one moment (1-256).")]
    [ValidateRange(1, SmallFilesAtOnce)]
    public override int ThrottleLimit { get; set; } = SmallFilesAtOnce;

    /// <summary>Gives what was changed.</summary>
    [Parameter(HelpMessage = "Returns the changed files.")]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    private protected sealed override int SmallAtOnce => ThrottleLimit;

    /// <summary>What is said on the verbose stream to have been done.</summary>
    private protected abstract string Done { get; }

    /// <inheritdoc/>
    private protected override TransferOptions CreateOptions() =>
        base.CreateOptions() with { ThrottleLimit = TransferOptions.DefaultThrottleLimit };

    /// <summary>Takes a file's change.</summary>
    private protected Task EnqueueChangeAsync(
        StoredFile file, Func<CancellationToken, Task<StoredFile>> changeAsync, CancellationToken cancellationToken) =>
        EnqueueAsync(
            new FileWork(
                file.Name, file.Name, Length: 0, (_, token) => ChangeAsync(file, changeAsync, token))
            {
                StoredName = file.Record.Name,
            },
            cancellationToken);

    private async Task<Action> ChangeAsync(
        StoredFile file, Func<CancellationToken, Task<StoredFile>> changeAsync, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        StoredFile changed = await changeAsync(cancellationToken).ConfigureAwait(false);
        if (changed.Record.Name == file.Record.Name)
        {
            changed = changed with { Name = file.Name };
        }

        SayDone(Done, changed, started);
        return () =>
        {
            if (PassThru)
            {
                WriteObject(new DfssFileInfo(changed));
            }
        };
    }
}
