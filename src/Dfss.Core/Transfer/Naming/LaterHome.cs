using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Where a name is now of which a round at one of its homes has found that it moved.</summary>
internal static class LaterHome
{
    /// <summary>16: each move takes a copy of the whole file, so a client meets no more of them than were made before;
    /// a chain of so many is a loop of false answers.</summary>
    private const int MaxMoves = 16;

    /// <summary>The next home, as the round was told, or as any member tells.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.NoMajority"/>: no member that answers knows
    /// it.</exception>
    public static async Task<Home> ReachAsync(
        RegisterRound round, Home home, CancellationToken cancellationToken)
    {
        RecordHome next = round.NextHome
            ?? await AskAsync(round.Name, home, cancellationToken).ConfigureAwait(false)
            ?? throw new DfssException(
                DfssErrorCode.NoMajority,
                ($"'{round.Name}' moved to other peers, and the former ones that answer do not know where to. "
                    + home.Reasons).TrimEnd(),
                "Name its new peers, or start the other former ones.");
        return await home.GoToAsync(next, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Does something at a home of a name, and again at each later home where it turns out that the name is.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="home">Where to begin.</param>
    /// <param name="act">Does it; its result, or the later home.</param>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.NoMajority"/>: the name moved too often.</exception>
    public static async Task<T> FollowAsync<T>(string name, Home home, Func<Home, Task<(T Result, Home? Later)>> act)
    {
        for (int moves = 0; moves <= MaxMoves; moves++)
        {
            (T result, Home? later) = await act(home).ConfigureAwait(false);
            if (later is null)
            {
                return result;
            }

            home = later;
        }

        throw new DfssException(
            DfssErrorCode.NoMajority, $"'{name}' would have moved {MaxMoves + 1} times in a row.", "Try again later.");
    }

    private static async Task<RecordHome?> AskAsync(string name, Home home, CancellationToken cancellationToken)
    {
        RegisterAnswer?[] answers = await Task.WhenAll(
            Enumerable.Range(0, home.Count)
                .Select(member => AskAsync(name, home[member], cancellationToken))).ConfigureAwait(false);
        RecordHome? latest = RecordHome.LatestOf(answers.OfType<RegisterAnswer>());
        return latest?.Epoch.Number > home.Place.Epoch.Number ? latest : null;
    }

    private static async Task<RegisterAnswer?> AskAsync(
        string name, PeerHandle? peer, CancellationToken cancellationToken)
    {
        try
        {
            return peer is null ? null : await peer.ReadAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (DfssException)
        {
            // One that cannot say is like one that is down; what all lack together is said by the caller.
            return null;
        }
    }
}
