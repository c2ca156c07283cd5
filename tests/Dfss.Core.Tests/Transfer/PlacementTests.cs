using CsCheck;
using Dfss.Records;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

public sealed class PlacementTests
{
    [Fact]
    public void Runs_of_chunks_go_round_the_members()
    {
        Placement placement = new(MemberCount: 3, Replicas: 1, Run: 2);
        Assert.Equal([0, 0, 1, 1, 2, 2, 0], Enumerable.Range(0, 7).Select(index => placement.MemberAt(index, step: 0)));
        Assert.Equal([1, 2, 0], Enumerable.Range(0, 3).Select(step => placement.MemberAt(2, step)));
    }

    [Fact]
    public void A_home_is_the_listed_peers_rotated_by_the_name()
    {
        string[] peers = ["a", "b", "c"];
        IReadOnlyList<string>[] homes =
            [.. Enumerable.Range(0, 30).Select(index => Placement.Rotate(peers, "name" + index))];
        Assert.All(homes, home => Assert.Contains(string.Concat(home), new[] { "abc", "bca", "cab" }));
        Assert.Equal(3, homes.Select(home => home[0]).Distinct().Count());
        Assert.Equal(homes[7], Placement.Rotate(peers, "name7"));
    }

    [Fact]
    public void Every_chunk_gets_its_copies_on_the_first_members_that_take_it() => Gen.Select(
        Gen.Int[1, 6], Gen.Int[1, 3], Gen.Int[1, 4], Gen.Int[0, 70], Gen.Int[0, 63])
            .Sample((members, replicas, run, chunks, takers) =>
        {
            Placement placement = new(members, replicas, run);
            bool[] canTake = [.. Enumerable.Range(0, members).Select(member => (takers & (1 << member)) != 0)];
            SendPlan plan = new(placement, minimumReplicas: 1, chunks, canTake);
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                Assert.All(plan.NextTargets(chunk), member => plan.MarkHeld(member, chunk));
                Assert.Empty(plan.NextTargets(chunk));

                int[] expected = [.. Enumerable.Range(0, members).Select(step => placement.MemberAt(chunk, step))
                    .Where(member => canTake[member]).Take(replicas).Order()];
                Assert.Equal(expected, Enumerable.Range(0, members).Where(member => plan.IsHeld(member, chunk)));
            }

            Assert.Empty(plan.Unplaced());
            IReadOnlyList<ChunkBitmap> sealedBy = plan.ExpectedByMember();
            Assert.All(Enumerable.Range(0, members), member =>
                Assert.All(
                    Enumerable.Range(0, chunks),
                    chunk => Assert.Equal(plan.IsHeld(member, chunk), sealedBy[member][chunk])));
        });

    [Fact]
    public void What_an_excluded_member_held_goes_to_the_next()
    {
        SendPlan plan = new(
            new Placement(3, Replicas: 1, Run: 1), minimumReplicas: 1, chunkCount: 6, [true, true, true]);
        for (int chunk = 0; chunk < 6; chunk++)
        {
            plan.MarkHeld(plan.NextTargets(chunk).Single(), chunk);
        }

        plan.Exclude(1, new DfssException(DfssErrorCode.StoreFull, "full"));
        Assert.False(plan.IsBelowMinimum);
        Assert.Equal([1, 4], plan.Unplaced());
        Assert.Equal([2], plan.NextTargets(1));
        Assert.True(plan.ExpectedByMember()[1].IsEmpty);
        plan.MarkMissing(0, ChunkBitmap.Create(6, index => index == 3));
        Assert.Equal([1, 3, 4], plan.Unplaced());
    }

    [Fact]
    public void So_many_copies_are_possible_as_members_take_chunks_and_each_is_left_out_once()
    {
        List<int> leftOut = [];
        SendPlan plan = new(
            new Placement(4, Replicas: 3, Run: 1), minimumReplicas: 2, chunkCount: 1, [true, true, true, false])
        {
            LeftOut = (member, _) => leftOut.Add(member),
        };
        Assert.Equal((3, false), (plan.PossibleReplicas, plan.IsBelowMinimum));
        plan.Exclude(0, new DfssException(DfssErrorCode.StoreFull, "the disk is full"));
        plan.Exclude(0, new DfssException(DfssErrorCode.StoreFull, "the disk is full"));
        Assert.Equal((2, false), (plan.PossibleReplicas, plan.IsBelowMinimum));
        plan.Exclude(2, new DfssException(DfssErrorCode.TimedOut, "too slow"));
        Assert.Equal((1, true), (plan.PossibleReplicas, plan.IsBelowMinimum));
        Assert.Equal([0, 2], leftOut);
        Assert.Equal(["the disk is full", "too slow"], plan.Reasons.Select(reason => reason.Reason));
        Assert.Equal("too slow", Assert.Single(plan.Losses).Reason);
    }

    [Theory]
    [InlineData(0, 1 << 20, 1 << 20)]
    [InlineData(1L << 39, 1 << 20, 2 << 20)]
    [InlineData((1L << 43) - (16 << 20), 1 << 20, 16 << 20)]
    [InlineData(1L << 43, 1 << 20, 0)]
    public void The_chunk_size_is_raised_until_the_manifest_fits(long length, int asked, int expected) =>
        Assert.Equal(expected, FileSender.ChooseChunkSize(length, asked));

    [Fact]
    public void Neighbouring_differences_are_one_range() => Assert.Equal(
        [new ByteRange(0, 20), new ByteRange(30, 5)],
        FileComparer.Merge([true, true, false, true], chunkSize: 10, end: 35));
}
