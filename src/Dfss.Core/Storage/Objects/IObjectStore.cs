namespace Dfss.Storage;

/// <summary>What is known of a conditional create.</summary>
internal enum CreateOutcome
{
    /// <summary>The key was free, and the object is there.</summary>
    Created,

    /// <summary>The key was in use when the engine looked. It may be in use by this very request, sent twice.</summary>
    Exists,

    /// <summary>
    /// No answer, or one that says nothing of the outcome: the object may be there, may come later, or never.
    /// </summary>
    Unknown,
}

/// <summary>One object of a listing.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Modified">When it was written, by the engine's clock.</param>
internal readonly record struct ObjectEntry(string Key, long Length, DateTimeOffset Modified);

/// <summary>
/// The requests that a store of objects needs of its engine, and all that it relies on. A request that began after
/// another one was answered sees what that one did. Two requests at the same time may take effect in either order. A
/// request without an answer (an exception, or <see cref="CreateOutcome.Unknown"/>) may have taken effect, may do so at
/// any later time, or never. <see cref="CreateAsync"/>, <see cref="CopyAsync"/> and <see cref="DeleteAsync"/> may even
/// take effect more than once, at any later time, whatever they answered; so may a <see cref="PutAsync"/> of the same
/// bytes under the same key, except where its caller says otherwise.
/// </summary>
/// <remarks>
/// A listing is no snapshot. It has every key that existed from its begin to its end, and none that existed at no time
/// between. A key that was created, replaced or deleted meanwhile may be in it or not, whatever it shows of another
/// key.
/// </remarks>
internal interface IObjectStore
{
    /// <summary>Writes an object if its key is free. Of any number of racing callers one succeeds.</summary>
    ValueTask<CreateOutcome> CreateAsync(
        string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Writes an object, or replaces it.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    ValueTask PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>An object's content; null if there is none.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    ValueTask<ReadOnlyMemory<byte>?> GetAsync(string key, CancellationToken cancellationToken);

    /// <summary>What <see cref="GetAsync"/> gives, over a connection of its own where there are connections: what has
    /// damaged an earlier answer on its way does not damage this one too.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    ValueTask<ReadOnlyMemory<byte>?> GetAfreshAsync(string key, CancellationToken cancellationToken) =>
        GetAsync(key, cancellationToken);

    /// <summary>Has the engine write an object's bytes under another key, where it replaces what is there: they do not
    /// pass the client.</summary>
    /// <returns>False: there is no object to copy.</returns>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    ValueTask<bool> CopyAsync(string source, string destination, CancellationToken cancellationToken);

    /// <summary>The objects whose keys begin with a prefix, in ascending order of the bytes of their keys.</summary>
    /// <param name="prefix">The prefix.</param>
    /// <param name="after">Only keys above this one; null for all.</param>
    /// <param name="limit">The largest number of results, 1-1000. There are fewer only at the end.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    ValueTask<IReadOnlyList<ObjectEntry>> ListAsync(
        string prefix, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Deletes an object. Deleting an absent one is no error.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.StoreFailed"/>: no answer.</exception>
    ValueTask DeleteAsync(string key, CancellationToken cancellationToken);
}
