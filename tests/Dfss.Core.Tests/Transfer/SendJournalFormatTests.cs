using CsCheck;
using Dfss.Storage;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>
/// The bytes of a send journal: whatever happens to them, no id comes out that was not put in at its place.
/// </summary>
public sealed class SendJournalFormatTests
{
    private const string Path = "/data/källa.bin";
    private const int ChunkSize = DfssLimits.MinChunkSize;
    private const int ChunkCount = 12;
    private const long Begun = 1_800_000_000_000_000_000;

    private static readonly FileStatus Status = new(
        (ChunkCount * ChunkSize) - 5, new UnixTime(Begun - 2_000_000_000), Begun - 1, new UInt128(3, 4));

    private static readonly ChunkId[] Truth = [.. Enumerable.Range(0, ChunkCount).Select(IdOf)];

    /// <summary>Chunks are hashed in parallel: their records come in any order.</summary>
    private static readonly int[] Order = [2, 0, 1, 5, 3, 4, 11, 8, 7, 6];

    [Fact]
    public void What_was_written_is_read()
    {
        ChunkId?[]? read = Read(Write());
        Assert.NotNull(read);
        Assert.Equal(Order.Order(), Enumerable.Range(0, ChunkCount).Where(index => read[index] is not null));
        AssertTrue(read);
    }

    [Fact]
    public void Cut_at_any_byte_it_gives_what_was_written_before()
    {
        byte[] file = Write();
        int header = file.Length - (Order.Length * SendJournalFormat.RecordBytes);
        for (int length = 0; length < file.Length; length++)
        {
            ChunkId?[]? read = Read(file.AsSpan(0, length));
            Assert.Equal(length < header, read is null);
            int whole = Math.Max(0, length - header) / SendJournalFormat.RecordBytes;
            Assert.Equal(
                Order.Take(whole).Order(), Enumerable.Range(0, ChunkCount).Where(index => read?[index] is not null));
            AssertTrue(read);
        }
    }

    [Fact]
    public void With_any_bit_flipped_it_gives_no_wrong_id()
    {
        byte[] file = Write();
        for (int bit = 0; bit < file.Length * 8; bit++)
        {
            file[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertTrue(Read(file));
            file[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.NotNull(Read(file));
    }

    [Fact]
    public void Damaged_in_any_way_it_gives_no_wrong_id() => Gen.Select(
        Gen.Int[0, 2000], Gen.Byte.Array[0, 200], Gen.Bool).Sample((offset, noise, isInserted) =>
    {
        byte[] file = Write();
        int start = Math.Min(offset, file.Length);
        int end = isInserted ? start : Math.Min(start + noise.Length, file.Length);
        AssertTrue(Read([.. file[..start], .. noise, .. file[end..]]));
    });

    [Fact]
    public void What_a_power_cut_leaves_of_blocks_written_out_of_order_gives_no_wrong_id() => Gen.Select(
        Gen.Int[0, 700], Gen.Int[1, 300]).Sample((offset, length) =>
    {
        byte[] file = Write();
        file.AsSpan(Math.Min(offset, file.Length), Math.Min(length, Math.Max(0, file.Length - offset))).Clear();
        AssertTrue(Read(file));
    });

    [Fact]
    public void It_is_not_taken_for_one_of_another_source()
    {
        byte[] file = Write();
        Assert.Null(SendJournalFormat.TryRead(file, "/data/other.bin", Status, ChunkSize));
        Assert.Null(SendJournalFormat.TryRead(file, Path, Status, 2 * ChunkSize));
        Assert.Null(SendJournalFormat.TryRead(file, Path, Status with { Length = Status.Length + 1 }, ChunkSize));
        Assert.Null(
            SendJournalFormat.TryRead(
                file, Path, Status with { Modified = new UnixTime(Status.Modified.Nanoseconds - 1) }, ChunkSize));
        Assert.Null(SendJournalFormat.TryRead(file, Path, Status with { Changed = Status.Changed + 1 }, ChunkSize));
        Assert.Null(SendJournalFormat.TryRead(file, Path, Status with { Number = Status.Number + 1 }, ChunkSize));
        Assert.NotNull(SendJournalFormat.TryRead(file, Path, Status, ChunkSize));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2_000_000_000, false)]
    [InlineData(3_000_000_000, false)]
    public void A_source_written_less_than_two_seconds_before_it_was_begun_is_not_trusted(long later, bool isTrusted)
    {
        FileStatus status = Status with { Modified = new UnixTime(Status.Modified.Nanoseconds + later) };
        SendJournalFormat format = new(Path, status, ChunkSize, Begun);
        Assert.Equal(isTrusted, format.IsTrustworthy);
        Assert.Equal(isTrusted, SendJournalFormat.TryRead(format.Header, Path, status, ChunkSize) is not null);
    }

    [Fact]
    public void Records_of_another_source_are_not_taken_for_its_own()
    {
        SendJournalFormat other = new("/data/other.bin", Status, ChunkSize, Begun);
        byte[] record = new byte[SendJournalFormat.RecordBytes];
        other.WriteRecord(9, IdOf(77), record);
        ChunkId?[]? read = Read([.. Write(), .. record]);
        Assert.NotNull(read);
        Assert.Null(read[9]);
        AssertTrue(read);
    }

    private static ChunkId IdOf(int index) => ChunkId.Of(BitConverter.GetBytes(index));

    private static byte[] Write()
    {
        SendJournalFormat format = new(Path, Status, ChunkSize, Begun);
        byte[] file = new byte[format.Header.Length + (Order.Length * SendJournalFormat.RecordBytes)];
        format.Header.CopyTo(file);
        for (int i = 0; i < Order.Length; i++)
        {
            format.WriteRecord(
                Order[i], Truth[Order[i]],
                file.AsSpan(format.Header.Length + (i * SendJournalFormat.RecordBytes), SendJournalFormat.RecordBytes));
        }

        return file;
    }

    private static ChunkId?[]? Read(ReadOnlySpan<byte> file)
    {
        if (SendJournalFormat.TryRead(file, Path, Status, ChunkSize) is not SendJournalFormat format)
        {
            return null;
        }

        ChunkId?[] ids = new ChunkId?[ChunkCount];
        int good = format.ReadRecords(file, ids);
        Assert.Equal(0, (good - format.Header.Length) % SendJournalFormat.RecordBytes);
        Assert.InRange(good, format.Header.Length, file.Length);
        return ids;
    }

    private static void AssertTrue(ChunkId?[]? read) => Assert.All(
        read ?? [], (id, index) => Assert.True(id is null || id == Truth[index]));
}
