using System.Globalization;

namespace Dfss.Transfer;

/// <content>How the peers and files are.</content>
public sealed partial class DfssClient
{
    /// <summary>15 s: a peer that is only slow answers in less, and a scheduled check ends soon.</summary>
    private static readonly TimeSpan HealthTimeLimit = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Makes health checks of the peers and of their files. Each peer is asked once, all at the same time; one that has
    /// not answered after 15 s is down. Files are tested by what their peers say they hold; no chunk is read.
    /// </summary>
    /// <returns>The results by check in the order of <see cref="HealthChecks.All"/>, then by peer or name: at least one
    /// for each peer that answers, or for all. What cannot be found out is a result of its own.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlyList<HealthResult>> GetHealthAsync(
        HealthOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string[] checks = [.. HealthChecks.All.Where(
            check => options.Checks.Contains(check, StringComparer.OrdinalIgnoreCase))];
        PeerAnswer[] answers = checks.All(HealthChecks.IsOfFiles)
            ? []
            : await Task.WhenAll(from peer in Peers select AskAsync(peer, cancellationToken)).ConfigureAwait(false);
        FileChecks files = new(Peers);
        int known = checks.Any(HealthChecks.IsOfFiles)
            ? await SurveyAsync(files, options.FileLimit, cancellationToken).ConfigureAwait(false)
            : 0;
        return
        [
            .. checks.SelectMany(check => HealthChecks.IsOfFiles(check) ? files.Run(check, known)
                : check == HealthChecks.VersionMixed ? VersionCheck.Run(answers)
                : answers.SelectMany(answer => PeerChecks.Run(check, answer))),
        ];
    }

    private async Task<PeerAnswer> AskAsync(PeerAddress peer, CancellationToken cancellationToken)
    {
        TimeProvider clock = Options.TimeProvider;
        using CancellationTokenSource limit = new(HealthTimeLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        DateTimeOffset asked = clock.GetUtcNow();
        long began = clock.GetTimestamp();
        PeerInfo? info = null;
        DfssException? failure = null;
        try
        {
            info = await GetPeerInfoAsync(peer, either.Token).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            failure = error;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            failure = new DfssException(DfssErrorCode.TimedOut, string.Create(
                CultureInfo.InvariantCulture, $"{peer} has not answered for {HealthTimeLimit.TotalSeconds} s."));
        }

        TimeSpan half = clock.GetElapsedTime(began) / 2;
        return new PeerAnswer(peer, info, failure, asked + half, half);
    }

    /// <summary>Tests a random sample of the files, or all; returns how many there are.</summary>
    private async Task<int> SurveyAsync(FileChecks checks, int limit, CancellationToken cancellationToken)
    {
        List<StoredFile> sample = [];
        int known = 0;
        try
        {
            await foreach (StoredFile file in ListAsync(
                string.Empty, checks.AddProblem, hides: null, cancellationToken).ConfigureAwait(false))
            {
                // Each file is in the sample with the same probability, whatever the order of the names.
                int place = limit == 0 || known < limit ? known : Random.Shared.Next(known + 1);
                known++;
                if (limit == 0 || sample.Count < limit)
                {
                    sample.Add(file);
                }
                else if (place < limit)
                {
                    sample[place] = file;
                }
            }

            ParallelOptions parallel =
                new() { MaxDegreeOfParallelism = Options.ThrottleLimit, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(
                sample, parallel, (file, token) => SurveyAsync(checks, file, token)).ConfigureAwait(false);
        }
        catch (DfssException error)
        {
            checks.AddProblem(error.Message);
        }

        return known;
    }

    private async ValueTask SurveyAsync(FileChecks checks, StoredFile file, CancellationToken cancellationToken)
    {
        try
        {
            FileHealth health = await TestAsync(
                file, deep: false, progress: null, cancellationToken).ConfigureAwait(false);
            lock (checks)
            {
                checks.Add(health);
            }
        }
        catch (DfssException error)
        {
            lock (checks)
            {
                checks.AddProblem($"'{file.Name}' could not be tested: {error.Message}");
            }
        }
    }
}
