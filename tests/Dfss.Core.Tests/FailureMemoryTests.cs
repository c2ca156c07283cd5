using System.Reflection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests;

/// <summary>How long a failure of a peer counts.</summary>
public sealed class FailureMemoryTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider clock = new();

    [Theory]
    [InlineData(null, 5)]
    [InlineData(2, 2)]
    [InlineData(60, 5)]
    public void It_is_over_after_its_length_and_after_5_s_at_most(int? length, int expected)
    {
        TimeSpan? given = length is int seconds ? TimeSpan.FromSeconds(seconds) : null;
        FailureMemory memory = FailureMemory.Note(earlier: null, clock, given);
        clock.Advance(TimeSpan.FromSeconds(expected) - Moment);
        Assert.False(memory.IsOver(clock));
        clock.Advance(Moment);
        Assert.True(memory.IsOver(clock));
        Assert.False(memory.TriedNow(clock).IsOver(clock));
    }

    [Fact]
    public void Failures_without_a_success_between_them_are_lasting_after_5_s()
    {
        FailureMemory memory = FailureMemory.Note(earlier: null, clock);
        for (int second = 1; second <= 5; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            memory = FailureMemory.Note(memory, clock);
            Assert.Equal(second == 5, memory.IsLasting(clock));
        }

        Assert.False(memory.IsOver(clock));
        Assert.False(FailureMemory.Note(earlier: null, clock).IsLasting(clock));
    }

    /// <summary>A class that keeps the time of a failure beside it would be a second memory.</summary>
    [Fact]
    public void No_other_type_of_Core_keeps_the_time_of_a_failure()
    {
        const BindingFlags Own =
            BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        FieldInfo[] fields = [.. typeof(FailureMemory).Assembly.GetTypes()
            .Where(type => type != typeof(FailureMemory) && !type.Name.Contains('<', StringComparison.Ordinal))
            .SelectMany(type => type.GetFields(Own))];
        Assert.Equal(2, fields.Count(field => IsMemory(field.FieldType)));
        Assert.DoesNotContain(fields, field => field.FieldType == typeof(long)
            && (field.Name.Contains("failed", StringComparison.OrdinalIgnoreCase)
                || field.Name.Contains("SetAt", StringComparison.Ordinal)));
    }

    private static bool IsMemory(Type type) => type == typeof(FailureMemory)
        || (type.IsGenericType && type.GetGenericArguments().Contains(typeof(FailureMemory)));
}
