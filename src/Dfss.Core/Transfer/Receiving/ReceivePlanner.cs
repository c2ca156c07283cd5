using Dfss.Storage;
using Microsoft.Win32.SafeHandles;

namespace Dfss.Transfer;

/// <summary>What a receive would move: asks the peers which chunks they have, and reads which an interrupted receive
/// has left.</summary>
internal sealed class ReceivePlanner(FileTester tester)
{
    public async Task<TransferPlan> PlanAsync(
        StoredFile file, string destinationPath, ReceiveOptions options, IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        FileHealth health = await tester.TestAsync(
            file, deep: false, progress, cancellationToken).ConfigureAwait(false);
        FileRecord content = file.Record.ToContent();
        long saved = options.Restart ? 0 : CountKept(destinationPath, content);
        return new TransferPlan(
            content.Length, content.Length - saved, saved, health.File.PresentReplicas ?? 0)
        {
            Peers = [.. health.Members.Where(member => member.IsUp)
                .Select(member => new PeerShare(member.Member, Bytes: 0))],
            Problem = FindProblem(destinationPath, options, health),
        };
    }

    private static string? FindProblem(string destinationPath, ReceiveOptions options, FileHealth health)
    {
        try
        {
            DestinationPath.ThrowIfTaken(DestinationPath.Resolve(destinationPath), options.Force);
        }
        catch (DfssException exception)
        {
            return exception.Reason;
        }

        return health.ManifestProblem ?? (health.LostChunks == 0
            ? null
            : FormattableString.Invariant(
                $"{health.LostChunks} of {health.Chunks.Count} chunks are at no peer that answered."));
    }

    /// <summary>The bytes of the chunks that an interrupted receive has noted as written.</summary>
    private static long CountKept(string destinationPath, FileRecord content)
    {
        string path = PartFile.PathOf(DestinationPath.Resolve(destinationPath));
        if (!PartFile.HasTrailer(content) || !File.Exists(path))
        {
            return 0;
        }

        try
        {
            using SafeFileHandle part = OperatingSystem.IsWindows()
                ? File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
                : DurableFile.OpenForReading(path);
            return PartTrailer.Read(part, content) is { } trailer ? CountClaimed(trailer, content) : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What cannot be read cannot be resumed from.
            return 0;
        }
    }

    private static long CountClaimed(PartTrailer trailer, FileRecord content)
    {
        long bytes = 0;
        int chunkCount = (int)FileManifest.CountChunks(content.Length, content.ChunkSize);
        for (int index = 0; index < chunkCount; index++)
        {
            bytes += trailer.Claims(index)
                ? Math.Min(content.ChunkSize, content.Length - ((long)index * content.ChunkSize))
                : 0;
        }

        return bytes;
    }
}
