using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Transfer;

/// <summary>What a client does where its caller says nothing.</summary>
public sealed class TransferOptionsTests
{
    [Fact]
    public void A_chunk_is_tried_five_times_after_a_delay_of_200_ms()
    {
        TransferOptions options = new();
        Assert.Equal((5, TimeSpan.FromMilliseconds(200)), (options.MaxAttempts, options.RetryDelay));
    }
}
