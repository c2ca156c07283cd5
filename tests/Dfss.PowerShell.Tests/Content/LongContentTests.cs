using System.Text;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests.Content;

public sealed class LongContentTests
{
    [Fact]
    public async Task What_one_object_cannot_hold_is_refused_before_anything_is_read()
    {
        using UnreadStream stream = new(3L << 30);
        ContentRange range = new(stream);

        Assert.Equal(DfssErrorCode.InvalidArgument, Assert.Throws<DfssException>(
            () => range.ThrowIfTooLongForOneObject("disk.img")).Code);
        DfssException error = await Assert.ThrowsAsync<DfssException>(() => range.ReadWholeTextAsync(
            "disk.img", Encoding.UTF8, TestContext.Current.CancellationToken));

        Assert.Equal(
            "'disk.img' has 3,221,225,472 bytes to read, and one object holds at most 2,147,483,591.", error.Reason);
        Assert.Contains("-AsByteStream -Raw", error.Advice, StringComparison.Ordinal);
        range.Limit(offset: 1, count: 5);
        range.ThrowIfTooLongForOneObject("disk.img");
    }

    /// <summary>A long stream that fails when it is read.</summary>
    private sealed class UnreadStream(long length) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length;

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => throw new InvalidOperationException();

        public override long Seek(long offset, SeekOrigin origin) => throw new InvalidOperationException();

        public override void SetLength(long value) => throw new InvalidOperationException();

        public override void Write(byte[] buffer, int offset, int count) => throw new InvalidOperationException();

        public override void Flush() => throw new InvalidOperationException();
    }
}
