using System.Diagnostics;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// The progress records of one command that the host shows now. Used on the pipeline thread only. When the command
/// ends, its records are completed at the host itself: a pipeline that is stopping, or has ended, accepts no more
/// writes, and the host's bar would stay.
/// </summary>
internal sealed class ShownProgress(PSCmdlet cmdlet)
{
    // The engine distinguishes concurrent commands by this number. Its own numbers are small and count up.
    private static long lastSource = 1L << 32;

    private readonly long source = Interlocked.Increment(ref lastSource);
    private List<ProgressRecord> shown = [];

    /// <summary>Whether $ProgressPreference, or -ProgressAction, asks for progress.</summary>
    internal bool IsWanted()
    {
        object? preference = cmdlet.MyInvocation.BoundParameters.TryGetValue("ProgressAction", out object? given)
            ? given
            : cmdlet.GetVariableValue("ProgressPreference");
        return !LanguagePrimitives.TryConvertTo(preference, out ActionPreference action)
            || action is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    /// <summary>Shows these records, parents first, and completes those shown before that are not among them.</summary>
    internal void Show(IReadOnlyList<ProgressRecord> picture)
    {
        List<ProgressRecord> gone =
            shown.FindAll(old => !picture.Any(record => record.ActivityId == old.ActivityId));
        foreach (ProgressRecord record in gone)
        {
            cmdlet.CommandRuntime.WriteProgress(source, ToCompleted(record));
            shown.Remove(record);
        }

        foreach (ProgressRecord record in picture)
        {
            cmdlet.CommandRuntime.WriteProgress(source, record);
            shown.RemoveAll(old => old.ActivityId == record.ActivityId);
            shown.Add(record);
        }
    }

    /// <summary>
    /// Completes the shown records, children first; runs however the command ends, also in a stopped pipeline.
    /// </summary>
    internal void Complete()
    {
        List<ProgressRecord> last = shown;
        shown = [];
        for (int i = last.Count - 1; i >= 0; i--)
        {
            try
            {
                cmdlet.Host.UI.WriteProgress(source, ToCompleted(last[i]));
            }
#pragma warning disable CA1031 // A host may throw anything; only it is called here.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                // A bar that stays concerns the host alone: it must not hide the command's own result or error.
                Trace.TraceWarning($"The host failed to remove the progress bar: {exception.Message}");
            }
        }
    }

    private static ProgressRecord ToCompleted(ProgressRecord record) =>
        new(record.ActivityId, record.Activity, record.StatusDescription)
        {
            ParentActivityId = record.ParentActivityId,
            PercentComplete = record.PercentComplete,
            RecordType = ProgressRecordType.Completed,
        };
}
