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

    /// <summary>Returns the held file, the error of several, or nothing.</summary>
    /// <param name="isInputOver">Whether all inputs were taken, not only one.</param>
    internal (IReadOnlyList<T> File, ErrorRecord? Refusal) Release(bool isInputOver)
    {
        if (IsForCommand && !isInputOver)
        {
            return ([], null);
        }

        (IReadOnlyList<T>, ErrorRecord?) released = refusal is null ? ([.. held], null) : ([], refusal);
        held.Clear();
        refusal = null;
        return released;
    }
}
