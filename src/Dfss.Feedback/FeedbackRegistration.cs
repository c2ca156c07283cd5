using System.Management.Automation.Subsystem;

namespace Dfss.Feedback;

/// <summary>
/// Registers the provider of feedback: once in a process, from the first session that imports the module to the last
/// one that removes it.
/// </summary>
internal static class FeedbackRegistration
{
    private static readonly Lock Gate = new();
    private static readonly FailureFeedback Provider = new();
    private static int sessions;

    /// <summary>A session has imported the module.</summary>
    internal static void Add()
    {
        lock (Gate)
        {
            if (sessions == 0)
            {
                SubsystemManager.RegisterSubsystem(SubsystemKind.FeedbackProvider, Provider);
            }

            sessions++;
        }
    }

    /// <summary>A session has removed the module.</summary>
    internal static void Remove()
    {
        lock (Gate)
        {
            if (--sessions == 0)
            {
                SubsystemManager.UnregisterSubsystem(SubsystemKind.FeedbackProvider, Provider.Id);
            }
        }
    }
}
