using System.Globalization;
using Xunit;

namespace Dfss.Tests;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData(0L, "0 B")]
    [InlineData(1023L, "1023 B")]
    [InlineData(1024L, "1.0 KB")]
    [InlineData(1536L, "1.5 KB")]
    [InlineData((1L << 20) - 1, "1.0 MB")]
    [InlineData(64L << 20, "64.0 MB")]
    [InlineData(1L << 30, "1.0 GB")]
    [InlineData(long.MaxValue, "8.0 EB")]
    [InlineData(null, "")]
    public void Bytes_are_written_with_the_unit_that_fits(long? bytes, string text) => Assert.Equal(text, ByteSize.ToText(bytes));

    [Fact]
    public void The_culture_does_not_matter()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("tr-TR");
        try
        {
            Assert.Equal("1.5 KB", ByteSize.ToText(1536));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
