using System.Globalization;
using System.Management.Automation;

namespace Dfss.Shell;

/// <summary>Turns progress records into one line. Children of a running activity are left out.</summary>
internal sealed class ProgressLine(Terminal terminal)
{
    private readonly HashSet<int> _activities = [];

    public void Show(ProgressRecord record)
    {
        if (record.RecordType == ProgressRecordType.Completed)
        {
            // The end of a child activity leaves its parent's line as it is.
            if (_activities.Remove(record.ActivityId))
            {
                terminal.ShowProgress(null);
            }

            return;
        }

        if (record.ParentActivityId >= 0 && _activities.Contains(record.ParentActivityId))
        {
            return;
        }

        _activities.Add(record.ActivityId);
        terminal.ShowProgress(Format(record));
    }

    public static string Format(ProgressRecord record)
    {
        List<string> parts = [record.Activity];
        if (record.PercentComplete >= 0)
        {
            parts.Add(record.PercentComplete.ToString(CultureInfo.InvariantCulture) + " %");
        }

        parts.Add(record.StatusDescription);
        if (record.SecondsRemaining >= 0)
        {
            parts.Add(
                TimeSpan.FromSeconds(record.SecondsRemaining).ToString("g", CultureInfo.InvariantCulture) + " left");
        }

        // Last: a narrow terminal cuts the end, and this part matters least.
        if (!string.IsNullOrEmpty(record.CurrentOperation))
        {
            parts.Add(record.CurrentOperation);
        }

        return string.Join("  ", parts).ReplaceLineEndings(" ");
    }
}
