using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Holds the one file for a name or path that only one file can have, until the input is over. If there are several
/// files for it, the command works on none.
/// </summary>
/// <param name="refuse">Makes the error of two files.</param>
internal sealed class SoleFile<T>(Func<T, T, ErrorRecord> refuse)
{
    private readonly List<T> held = [];
    private ErrorRecord? refusal;

    /// <summary>Whether the name or path is that of the whole command; else it is that of one input.</summary>
    internal bool IsForCommand { get; set; }

    /// <summary>Takes a file.</summary>
    /// <exception cref="CmdletException">It is the second of the command.</exception>
    internal void Add(T file)
    {
        if (held.Count > 0)
        {
            refusal ??= refuse(held[0], file);
            if (IsForCommand)
            {
                throw new CmdletException(refusal);
            }

            return;
        }

        held.Add(file);
    }

    /// <summary>Passes on the held file, or writes the error of several.</summary>
    /// <param name="isInputOver">Whether all inputs were taken, not only one.</param>
    /// <param name="writeErrorAsync">Writes an error.</param>
    /// <param name="takeAsync">Takes the file.</param>
    internal async Task ReleaseAsync(
        bool isInputOver, Func<ErrorRecord, Task> writeErrorAsync, Func<T, Task> takeAsync)
    {
        if ((IsForCommand && !isInputOver) || held is not [T file, ..])
        {
            return;
        }

        ErrorRecord? error = refusal;
        held.Clear();
        refusal = null;
        await (error is null ? takeAsync(file) : writeErrorAsync(error)).ConfigureAwait(false);
    }
}
