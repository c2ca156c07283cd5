using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace Dfss.Tests;

/// <summary>A host that notes the progress it is told to show, and shows nothing.</summary>
internal sealed class RecordingHost : PSHost
{
    public RecordingUserInterface Recorded { get; } = new();

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "RecordingHost";

    public override PSHostUserInterface UI => Recorded;

    public override Version Version { get; } = new(1, 0);

    public override void EnterNestedPrompt() => throw new NotSupportedException();

    public override void ExitNestedPrompt() => throw new NotSupportedException();

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void SetShouldExit(int exitCode)
    {
    }
}

/// <summary>The progress of a <see cref="RecordingHost"/>.</summary>
internal sealed class RecordingUserInterface : PSHostUserInterface
{
    private readonly Lock gate = new();
    private readonly List<(long Source, ProgressRecord Record)> all = [];
    private TaskCompletionSource next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override PSHostRawUserInterface? RawUI => null;

    /// <summary>All that was shown, in its order.</summary>
    public IReadOnlyList<ProgressRecord> All
    {
        get
        {
            lock (gate)
            {
                return [.. all.Select(item => item.Record)];
            }
        }
    }

    /// <summary>What a host that goes by source and activity would show now.</summary>
    public IReadOnlyList<ProgressRecord> Standing
    {
        get
        {
            lock (gate)
            {
                return [.. all.GroupBy(item => (item.Source, item.Record.ActivityId))
                    .Select(activity => activity.Last().Record)
                    .Where(record => record.RecordType == ProgressRecordType.Processing)];
            }
        }
    }

    /// <summary>Ends when something more is shown.</summary>
    public Task NextAsync()
    {
        lock (gate)
        {
            next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return next.Task;
        }
    }

    /// <summary>Whether the host fails where progress is to be taken away.</summary>
    public bool FailsToComplete { get; set; }

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        if (FailsToComplete && record.RecordType == ProgressRecordType.Completed)
        {
            throw new IOException("The host cannot draw.");
        }

        lock (gate)
        {
            all.Add((sourceId, record));
            next.TrySetResult();
        }
    }

    public override Dictionary<string, PSObject> Prompt(
        string caption, string message, System.Collections.ObjectModel.Collection<FieldDescription> descriptions) =>
        throw new NotSupportedException();

    public override int PromptForChoice(
        string caption, string message, System.Collections.ObjectModel.Collection<ChoiceDescription> choices,
        int defaultChoice) => throw new NotSupportedException();

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName) => throw new NotSupportedException();

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options) => throw new NotSupportedException();

    public override string ReadLine() => throw new NotSupportedException();

    public override System.Security.SecureString ReadLineAsSecureString() => throw new NotSupportedException();

    public override void Write(string value)
    {
    }

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
    {
    }

    public override void WriteDebugLine(string message)
    {
    }

    public override void WriteErrorLine(string value)
    {
    }

    public override void WriteLine(string value)
    {
    }

    public override void WriteVerboseLine(string message)
    {
    }

    public override void WriteWarningLine(string message)
    {
    }
}
