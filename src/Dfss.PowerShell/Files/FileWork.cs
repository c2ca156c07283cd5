using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The work on one file.</summary>
/// <param name="Name">The name of the file for the user.</param>
/// <param name="Target">The object that an error is about.</param>
/// <param name="Length">The file's length in bytes, as far as it is known.</param>
/// <param name="RunAsync">
/// Does the work; returns the action that writes the result, to be called on the pipeline thread.
/// </param>
internal sealed record FileWork(
    string Name, object Target, long Length,
    Func<IProgress<TransferProgress>?, CancellationToken, Task<Action>> RunAsync)
{
    /// <summary>The stored name, if the peers do not get <see cref="Name"/>.</summary>
    internal string? StoredName { get; init; }

    /// <summary>The peers of a stored file; null for a local file that is sent.</summary>
    internal IReadOnlyList<HomeMember>? Home { get; init; }

    /// <summary>What the transfer is about; null for work that is no transfer.</summary>
    internal TransferDescription? Description { get; init; }

    /// <summary>Whether the file came as an object, which names the file's peers.</summary>
    internal bool IsObject { get; init; }

    /// <summary>The failure, with the plain name in place of the stored one.</summary>
    internal DfssException Tell(DfssException failure) => Tell(failure, StoredName, Name);

    /// <summary>The failure, with the plain name in place of the stored one.</summary>
    internal static DfssException Tell(DfssException failure, string? storedName, string name) =>
        storedName is null || storedName == name
            ? failure
            : failure.Copy(failure.Reason.Replace(storedName, name, StringComparison.Ordinal));
}
