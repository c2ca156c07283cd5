using Dfss.Storage;

namespace Dfss.Tests.Storage.Objects;

/// <summary>An engine that answers no list while a test wants so.</summary>
internal sealed class SilentObjects(IObjectStore inner) : RelayedObjects(inner)
{
    public bool IsSilent { get; set; }

    public override async ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken)
    {
        if (IsSilent)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return await base.ListAsync(prefix, after, limit, cancellationToken);
    }
}
