using Dfss.Storage;

namespace Dfss.Tests.Storage.Objects;

/// <summary>An engine of which the first puts fail; it remembers the keys of all.</summary>
internal sealed class FailingPuts(IObjectStore inner, int failures, DfssErrorCode code = DfssErrorCode.StoreFailed)
    : RelayedObjects(inner)
{
    public List<string> Keys { get; } = [];

    public override ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        lock (Keys)
        {
            Keys.Add(key);
            if (Keys.Count <= failures)
            {
                throw new DfssException(code, "The engine answered 503.");
            }
        }

        return base.PutAsync(key, content, cancellationToken);
    }
}
