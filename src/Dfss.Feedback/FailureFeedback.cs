using System.Management.Automation.Subsystem;
using System.Management.Automation.Subsystem.Feedback;

namespace Dfss.Feedback;

/// <summary>
/// Answers a failed command of the module with the commands that fix it. PowerShell asks it before the next
/// prompt, and gives it a second: it only looks at the error and at the line, and asks no peer.
/// </summary>
/// <remarks>https://learn.microsoft.com/powershell/scripting/dev-cross-plat/create-feedback-provider</remarks>
internal sealed class FailureFeedback : IFeedbackProvider
{
    /// <inheritdoc/>
    public Guid Id { get; } = new("5d0a2f0e-5d0b-4c7e-9f3f-0b1d5f6a7c21");

    /// <inheritdoc/>
    public string Name => "dfss";

    /// <inheritdoc/>
    public string Description => "Answers a failed command of DFSS with the commands that fix it.";

    /// <inheritdoc/>
    Dictionary<string, string>? ISubsystem.FunctionsToDefine => null;

    /// <inheritdoc/>
    public FeedbackTrigger Trigger => FeedbackTrigger.Error;

    /// <inheritdoc/>
    public FeedbackItem? GetFeedback(FeedbackContext context, CancellationToken token) =>
        context.LastError is { } error && Remedies.Find(new Failure(error, FailedCommand.Find(context))) is { } remedy
            ? new FeedbackItem(remedy.Header, [.. remedy.Commands])
            : null;
}
