using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>The current home of a name, after a round at one of its homes found that it moved.</summary>
internal static class LaterHome
{
    /// <summary>
    /// 16: each move copies the whole file, so few are made while a client follows them; a chain of so many is a loop
    /// of false answers.
    /// </summary>
    private const int MaxMoves = 16;

    /// <summary>The next home, from an answer of the round, or else from any member.</summary>
    /// <exception cref="DfssException">
    /// <see cref="DfssErrorCode.NoMajority"/>: no member that answers has it.
    /// </exception>
    public static async Task<Home> ReachAsync(
        RegisterRound round, Home home, CancellationToken cancellationToken)
    {
        RecordHome next = round.NextHome
            ?? await AskAsync(round.Name, home, cancellationToken).ConfigureAwait(false)
            ?? throw new DfssException(
                DfssErrorCode.NoMajority,
                ($"'{round.Name}' moved to other peers, and the former peers that answer do not know the new ones. "
                    + home.Reasons).TrimEnd(),
                "Give its new peers with -Peer, or start the other former ones.");
        return await home.GoToAsync(next, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Does something at a home of a name, and again at each later home that it finds the name moved to.
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
            // A member that fails counts as down; the caller reports it if none has the next home.
            return null;
        }
    }
}
