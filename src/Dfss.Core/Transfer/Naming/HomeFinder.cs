using System.Globalization;
using System.Net.Sockets;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>Finds the home of a name: asks the listed peers for its record, and makes the home of a new name.</summary>
internal sealed class HomeFinder(IReadOnlyList<PeerAddress> addresses, PeerDirectory directory)
{
    /// <summary>Whether no peer was given.</summary>
    public bool IsEmpty => addresses.Count == 0;

    /// <summary>The home recorded for a name by the listed peers. When a majority of them has answered, the others are
    /// waited for a little longer.</summary>
    /// <exception cref="DfssException">No listed peer was reached: each one's reason.</exception>
    public async Task<FoundHome> FindAsync(string name, CancellationToken cancellationToken)
    {
        PeerAddress[] listed = ListedOrThrow();
        Known?[] answers = new Known?[listed.Length];
        using CancellationTokenSource leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] asking = [.. listed.Select(
            async (address, index) =>
                answers[index] = await AskAsync(address, name, leave.Token).ConfigureAwait(false))];
        await StragglerGrace.WaitAsync(
            asking, () => IsEnough(answers), directory.Clock, cancellationToken).ConfigureAwait(false);
        await leave.CancelAsync().ConfigureAwait(false);
        await StragglerGrace.EndAsync(asking, cancellationToken).ConfigureAwait(false);
        Known[] known =
            [.. answers.Select(
                (answer, index) => answer ?? new Known(Peer: null, Answer: null, PeerHandle.Late(listed[index])))];
        if (known.All(one => one.Peer is null))
        {
            throw Unreachable([.. known.Select(one => one.Error!)]);
        }

        if (known.All(one => one.Error is not null))
        {
            throw known.First(one => one.Peer is not null).Error!;
        }

        RecordHome? latest = RecordHome.LatestOf(known.Select(one => one.Answer).OfType<RegisterAnswer>());
        return new FoundHome(
            latest is null ? null : await Home.ReachAsync(latest, directory, cancellationToken).ConfigureAwait(false),
            [.. known.Select(one => one.Peer).OfType<PeerHandle>().Distinct()],
            HasMajority: known.Count(one => one.Error is not null) * 2 < known.Length
                || IsOneSharedStore(known.Select(one => one.Peer)),
            string.Join(" ", known.Select(one => one.Error?.Reason).OfType<string>()));
    }

    /// <summary>
    /// Whether more than half of the listed peers, all with a vote, have no record of the name. A peer that was
    /// restored from an earlier copy may have lost names, and has no vote.
    /// </summary>
    public async Task<bool> IsAbsentAsync(string name, FoundHome found, CancellationToken cancellationToken)
    {
        if (found.Listed.Count <= 2)
        {
            return true;
        }

        IReadOnlyDictionary<StoreId, RegisterAnswer> answers =
            await new ClockProbe(directory.Clocks).AskAsync(
                found.Listed, name, cancellationToken).ConfigureAwait(false);
        int absent = answers.Values.Count(
            answer => answer.Status == RegisterStatus.Done && (answer.Accepted ?? answer.Decided) is null);
        return absent * 2 > found.Listed.Count;
    }

    /// <summary>The home of a name that no peer has a record of: the listed peers, rotated by the name.</summary>
    /// <exception cref="DfssException">NoMajority: too few of them can be reached; LimitExceeded: they are too
    /// many.</exception>
    public async Task<Home> MakeAsync(string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        HomeMember[] members =
        [
            .. listed
                .Select(one => one.Peer?.Member ?? new HomeMember(StoreId: null, [one.Address.ToString()]))
                .DistinctBy(member => member.StoreId?.ToString() ?? member.DisplayName),
        ];
        if (IsOneSharedStore(listed.Select(one => one.Peer)))
        {
            // Such a store is the only member of a home: those that did not answer are taken for more of its peers.
            foreach (PeerAddress silent in listed.Where(one => one.Peer is null).Select(one => one.Address))
            {
                directory.WarnOnce(
                    $"silent {silent}",
                    $"{silent} did not answer, and is taken for another peer of the same bucket. If it is not, "
                    + "leave it out of -Peer.");
            }

            members = [.. members.Where(member => member.StoreId is not null)];
        }

        ThrowIfTooMany(members);
        ThrowIfTooFewReached(name, members, listed);
        return await Home.ReachAsync(
            Placement.Rotate(members, name), directory, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="DfssException">LimitExceeded: no file can have so many.</exception>
    public static void ThrowIfTooMany(HomeMember[] members)
    {
        if (members.Length > DfssLimits.MaxHomeMembers)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded,
                $"{members.Length} peers are too many for one file; {DfssLimits.MaxHomeMembers} are the most.",
                FormattableString.Invariant($"Name at most {DfssLimits.MaxHomeMembers} of them with -Peer."));
        }
    }

    /// <summary>Whether all that were reached serve one store that several peers may serve.</summary>
    private static bool IsOneSharedStore(IEnumerable<PeerHandle?> reached) =>
        reached.OfType<PeerHandle>().Distinct().ToArray() is [{ IsShared: true }];

    /// <summary>Every listed peer, reached or not.</summary>
    /// <exception cref="DfssException">None was reached: each one's reason, with their common code or PeerUnreachable;
    /// or InvalidArgument where none is listed.</exception>
    public async Task<IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)>> ConnectAllAsync(
        CancellationToken cancellationToken)
    {
        (PeerAddress, PeerHandle?, DfssException?)[] listed = await Task.WhenAll(
            ListedOrThrow().Select(address => ConnectAsync(address, cancellationToken))).ConfigureAwait(false);
        return listed.Any(one => one.Item2 is not null)
            ? listed
            : throw Unreachable([.. listed.Select(one => one.Item3!)]);
    }

    /// <summary>The peers asked, each once.</summary>
    /// <exception cref="DfssException">InvalidArgument: there are none.</exception>
    private PeerAddress[] ListedOrThrow() => addresses.Count > 0 ? [.. addresses.Distinct()] : throw new DfssException(
        DfssErrorCode.InvalidArgument, "No peer was named.", "Name one or more, for example localhost:9000.");

    private static void ThrowIfTooFewReached(
        string name, HomeMember[] members,
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed)
    {
        int majority = (members.Length / 2) + 1;
        if (members.Count(member => member.StoreId is not null) >= majority)
        {
            return;
        }

        string[] missing =
        [
            .. listed.Where(one => one.Error is not null)
                .Select(one => $"{one.Address} cannot be reached ({ReasonOf(one.Error!).TrimEnd('.')})"),
        ];
        throw new DfssException(
            DfssErrorCode.NoMajority,
            $"'{name}' needs {majority} of its {members.Length} peers, and {string.Join(", and ", missing)}.",
            missing.Length == 1
                ? "Start that peer, or leave it out of -Peer. If it runs at another address, give that with -Peer."
                : "Start those peers, or leave them out of -Peer. If they run at other addresses, give these with "
                    + "-Peer.");
    }

    private static string ReasonOf(DfssException error) =>
        error.InnerException is SocketException cause ? cause.Message : error.Reason;

    private static DfssException Unreachable(DfssException[] errors)
    {
        if (errors.Length == 1)
        {
            return errors[0];
        }

        // Their common code, where they have one. Each reason begins with its peer's address.
        DfssErrorCode code = Array.TrueForAll(errors, error => error.Code == errors[0].Code)
            ? errors[0].Code
            : DfssErrorCode.PeerUnreachable;
        string reasons = string.Concat(errors.Select(error => $"\n{error.Reason}"));
        return new DfssException(
            code, string.Create(
                CultureInfo.InvariantCulture, $"None of {errors.Length} peers can be reached:{reasons}"), errors[0]);
    }

    /// <summary>The record of the name at the peer at an address.</summary>
    private async Task<Known> AskAsync(PeerAddress address, string name, CancellationToken cancellationToken)
    {
        PeerHandle? peer = null;
        try
        {
            peer = await directory.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            return new Known(peer, await peer.ReadAsync(name, cancellationToken).ConfigureAwait(false), Error: null);
        }
        catch (DfssException error)
        {
            return new Known(peer, Answer: null, error);
        }
    }

    /// <summary>
    /// Whether more than half have answered, or one for a store that several peers serve, and one has the name. If none
    /// has it, a late one may.
    /// </summary>
    private static bool IsEnough(Known?[] answers) =>
        (answers.Count(one => one is { Error: null }) * 2 > answers.Length
            || answers.Any(one => one is { Error: null, Peer.IsShared: true }))
        && answers.Any(one => one?.Answer is { } answer && (answer.Accepted ?? answer.Decided) is not null);

    private async Task<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> ConnectAsync(
        PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            return (address, await directory.ConnectAsync(address, cancellationToken).ConfigureAwait(false), null);
        }
        catch (DfssException error)
        {
            return (address, null, error);
        }
    }

    private sealed record Known(PeerHandle? Peer, RegisterAnswer? Answer, DfssException? Error);
}

/// <summary>The home of a name as the listed peers have it recorded.</summary>
/// <param name="Home">The recorded home; null where none of those that answered has the name.</param>
/// <param name="Listed">The listed peers that were reached.</param>
/// <param name="HasMajority">Whether more than half of the listed peers answered.</param>
/// <param name="Reasons">Why the others did not.</param>
internal sealed record FoundHome(Home? Home, IReadOnlyList<PeerHandle> Listed, bool HasMajority, string Reasons);
