using System.Globalization;
using System.Net.Sockets;
using Dfss.Records;

namespace Dfss.Transfer;

/// <summary>
/// Finds where a name lives: asks the listed peers what they know of it, and else makes the home of a new name.
/// </summary>
internal sealed class HomeFinder(IReadOnlyList<PeerAddress> addresses, PeerDirectory directory)
{
    /// <summary>The home recorded for a name by the listed peers.</summary>
    /// <exception cref="DfssException">No listed peer was reached: each one's reason.</exception>
    public async Task<FoundHome> FindAsync(string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        (BallotedRecord? Newest, DfssException? Error)[] known = await Task.WhenAll(
            listed.Select(one => one.Peer).OfType<PeerHandle>().Distinct().Select(
                peer => ReadAsync(peer, name, cancellationToken))).ConfigureAwait(false);
        if (known.All(answer => answer.Error is not null))
        {
            throw known[0].Error!;
        }

        int failed = listed.Count(one => one.Peer is null) + known.Count(answer => answer.Error is not null);
        IEnumerable<DfssException> errors =
            listed.Select(one => one.Error).Concat(known.Select(answer => answer.Error)).OfType<DfssException>();
        BallotedRecord? newest = known.Select(answer => answer.Newest).OfType<BallotedRecord>().MaxBy(
            record => record.Ballot);
        return new FoundHome(
            newest is null ? null : await Home.ReachAsync(newest.Record.Home, directory, cancellationToken).ConfigureAwait(false),
            [.. listed.Select(one => one.Peer).OfType<PeerHandle>().Distinct()],
            HasMajority: failed * 2 < listed.Count,
            string.Join(" ", errors.Select(error => error.Reason)));
    }

    /// <summary>The home of a name that nobody knows yet: the listed peers, rotated by the name.</summary>
    /// <exception cref="DfssException">NoMajority: too few of them can be reached; LimitExceeded: they are too many.</exception>
    public async Task<Home> MakeAsync(string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed =
            await ConnectAllAsync(cancellationToken).ConfigureAwait(false);
        HomeMember[] members =
        [
            .. listed
                .Select(one => one.Peer?.Member ?? new HomeMember(StoreId: null, [one.Address.ToString()]))
                .DistinctBy(member => member.StoreId?.ToString() ?? member.Addresses[0]),
        ];
        if (members.Length > DfssLimits.MaxHomeMembers)
        {
            throw new DfssException(
                DfssErrorCode.LimitExceeded, $"{members.Length} peers are too many for one file; {DfssLimits.MaxHomeMembers} are the most.");
        }

        ThrowIfTooFewReached(name, members, listed);
        return await Home.ReachAsync(
            Placement.Rotate(members, name), directory, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Every listed peer, reached or not.</summary>
    /// <exception cref="DfssException">
    /// None was reached: each one's reason, with their common code or PeerUnreachable; or InvalidArgument where none is listed.
    /// </exception>
    public async Task<IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)>> ConnectAllAsync(
        CancellationToken cancellationToken)
    {
        if (addresses.Count == 0)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument, "No peer was named.", "Name one or more, for example localhost:9000.");
        }

        (PeerAddress, PeerHandle?, DfssException?)[] listed = await Task.WhenAll(
            addresses.Distinct().Select(address => ConnectAsync(address, cancellationToken))).ConfigureAwait(false);
        return listed.Any(one => one.Item2 is not null) ? listed : throw Unreachable(listed);
    }

    private static void ThrowIfTooFewReached(
        string name, HomeMember[] members, IReadOnlyList<(PeerAddress Address, PeerHandle? Peer, DfssException? Error)> listed)
    {
        int majority = (members.Length / 2) + 1;
        if (members.Count(member => member.StoreId is not null) >= majority)
        {
            return;
        }

        string[] missing =
        [
            .. listed.Where(one => one.Error is not null).Select(one =>
                $"{one.Address} cannot be reached ({(one.Error!.InnerException is SocketException cause ? cause.Message : one.Error.Reason).TrimEnd('.')})"),
        ];
        throw new DfssException(
            DfssErrorCode.NoMajority,
            $"'{name}' needs {majority} of its {members.Length} peers, and {string.Join(", and ", missing)}.",
            missing.Length == 1 ? "Start that peer, or leave it out of -Peer." : "Start those peers, or leave them out of -Peer.");
    }

    private static DfssException Unreachable((PeerAddress Address, PeerHandle? Peer, DfssException? Error)[] listed)
    {
        DfssException[] errors = [.. listed.Select(one => one.Error!)];
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
            code, string.Create(CultureInfo.InvariantCulture, $"None of {errors.Length} peers can be reached:{reasons}"), errors[0]);
    }

    private static async Task<(BallotedRecord? Newest, DfssException? Error)> ReadAsync(
        PeerHandle peer, string name, CancellationToken cancellationToken)
    {
        try
        {
            IReadOnlyList<RegisterAnswer> answers =
                await peer.Records.ReadAsync([new ReadRequest(name)], cancellationToken).ConfigureAwait(false);
            return (answers[0].Accepted ?? answers[0].Decided, null);
        }
        catch (DfssException error)
        {
            return (null, error);
        }
    }

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
}

/// <summary>What the listed peers know of where a name lives.</summary>
/// <param name="Home">The recorded home; null where none of those that answered knows the name.</param>
/// <param name="Listed">The listed peers that were reached.</param>
/// <param name="HasMajority">Whether more than half of the listed peers answered.</param>
/// <param name="Reasons">Why the others did not.</param>
internal sealed record FoundHome(Home? Home, IReadOnlyList<PeerHandle> Listed, bool HasMajority, string Reasons);
