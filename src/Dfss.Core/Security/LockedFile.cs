using Dfss.Storage;
using Polly;

namespace Dfss.Security;

/// <summary>Serializes the replacement of a file across processes, by a lock file beside it.</summary>
internal static class LockedFile
{
    private static readonly ResiliencePipeline LockRetry = RetryPolicy.LockedFile.Build(TimeProvider.System);

    /// <summary>
    /// Takes the lock; disposing the stream returns it. The lock file stays: removing it could take it from the next
    /// process.
    /// </summary>
    /// <exception cref="DfssException">DestinationUnwritable.</exception>
    public static async Task<FileStream> TakeAsync(string path, CancellationToken cancellationToken)
    {
        string turn = $"{path}.lock";
        try
        {
            return await LockRetry.ExecuteAsync(
                static (turn, _) => ValueTask.FromResult(
                    OwnerOnly.OpenStream(turn, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None)),
                turn,
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.DestinationUnwritable, $"'{turn}' cannot be locked: {error.Message}", error);
        }
    }
}
