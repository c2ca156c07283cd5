using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>The work on one file.</summary>
/// <param name="Name">What the user calls the file.</param>
/// <param name="Target">The object that an error is about.</param>
/// <param name="Length">The file's length in bytes, as far as it is known.</param>
/// <param name="RunAsync">Does it; gives what writes its result, to be called on the pipeline thread.</param>
internal sealed record FileWork(
    string Name, object Target, long Length,
    Func<IProgress<TransferProgress>?, CancellationToken, Task<Action>> RunAsync)
{
    /// <summary>The name that the peers have, where they are not told <see cref="Name"/>.</summary>
    internal string? StoredName { get; init; }

    /// <summary>What went wrong, with the real name in place of the stored one.</summary>
    internal DfssException Tell(DfssException failure) => StoredName is null || StoredName == Name
        ? failure
        : failure.Copy(failure.Reason.Replace(StoredName, Name, StringComparison.Ordinal));
}
