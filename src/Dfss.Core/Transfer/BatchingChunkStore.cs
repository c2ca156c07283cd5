using Dfss.Storage;

namespace Dfss.Transfer;

/// <summary>
/// Gathers the questions of many callers into few: while one find_missing is under way, those that come meanwhile wait
/// and go together in the next. A store made of a store; everything else passes through.
/// </summary>
internal sealed class BatchingChunkStore(IChunkStore inner) : IChunkStore
{
    private readonly Lock gate = new();
    private List<Question> waiting = [];
    private Task asking = Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<PutResult> PutAsync(
        ChunkId id, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        inner.PutAsync(id, content, cancellationToken);

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int?> GetAsync(ChunkId id, Memory<byte> destination, CancellationToken cancellationToken) =>
        inner.GetAsync(id, destination, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<bool[]> FindMissingAsync(IReadOnlyList<ChunkId> ids, CancellationToken cancellationToken)
    {
        Question question = new(ids);
        lock (gate)
        {
            waiting.Add(question);
            if (asking.IsCompleted)
            {
                asking = AskAsync();
            }
        }

        // One caller's cancellation ends its own waiting only: the others want their answers.
        return await question.Answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task AskAsync()
    {
        // Off the caller's thread, and after those who are just asking too.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (TakeWaiting() is { Count: > 0 } batch)
        {
            try
            {
                bool[] missing = await inner.FindMissingAsync(
                    [.. batch.SelectMany(question => question.Ids)], CancellationToken.None)
                    .ConfigureAwait(false);
                int start = 0;
                foreach (Question question in batch)
                {
                    question.Answer.SetResult(missing[start..(start + question.Ids.Count)]);
                    start += question.Ids.Count;
                }
            }
            catch (Exception error)
            {
                // Nothing is hidden: everybody who asked gets it.
                foreach (Question question in batch)
                {
                    question.Answer.SetException(error);
                }
            }
        }
    }

    /// <summary>What waits now; nothing, and the asking ends, in one step, so that nobody is left waiting.</summary>
    private List<Question> TakeWaiting()
    {
        lock (gate)
        {
            List<Question> batch = waiting;
            waiting = [];
            if (batch.Count == 0)
            {
                asking = Task.CompletedTask;
            }

            return batch;
        }
    }

    private sealed record Question(IReadOnlyList<ChunkId> Ids)
    {
        public TaskCompletionSource<bool[]> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
