using Dfss.Storage;

namespace Dfss.Tests.Storage.Objects;

/// <summary>An engine that asks another one; a test says by a derived one what is different.</summary>
internal abstract class RelayedObjects(IObjectStore inner) : IObjectStore
{
    public virtual ValueTask<CreateOutcome> CreateAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.CreateAsync(key, content, cancellationToken);

    public virtual ValueTask PutAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.PutAsync(key, content, cancellationToken);

    public virtual ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken) =>
        inner.GetAsync(key, cancellationToken);

    public virtual ValueTask<bool> CopyAsync(
        string source, string destination, CancellationToken cancellationToken) =>
        inner.CopyAsync(source, destination, cancellationToken);

    public virtual ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        inner.ListAsync(prefix, after, limit, cancellationToken);

    public virtual ValueTask DeleteAsync(string key, CancellationToken cancellationToken) =>
        inner.DeleteAsync(key, cancellationToken);
}
