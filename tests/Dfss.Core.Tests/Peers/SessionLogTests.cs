using Dfss.Peers;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

public sealed class SessionLogTests : IDisposable
{
    private readonly List<string> lines = [];
    private readonly FakeTimeProvider clock = new();
    private readonly SessionLog log;

    public SessionLogTests() => log = new SessionLog(lines.Add, clock);

    public void Dispose() => log.Dispose();

    [Fact]
    public void Of_one_address_ten_lines_a_minute_are_written_and_how_many_more_there_were()
    {
        Refuse("a", 25);
        log.WriteRefusal("b", "of b");
        Assert.Equal([.. Enumerable.Repeat("of a", SessionLog.RefusalsPerAddress), "of b"], lines);

        lines.Clear();
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(["15 more were refused, which have no line of their own."], lines);

        Refuse("a", 1);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("of a", lines[^1]);
        Assert.Equal(2, lines.Count);
    }

    [Fact]
    public void Of_all_addresses_sixty_are_written()
    {
        for (int i = 0; i < 100; i++)
        {
            Refuse($"{i}", 1);
        }

        Assert.Equal(SessionLog.RefusalsPerMinute, lines.Count);
    }

    [Fact]
    public void What_is_left_to_say_is_said_at_the_end()
    {
        Refuse("a", 11);
        log.Dispose();
        Assert.Equal("1 more were refused, which have no line of their own.", lines[^1]);
    }

    private void Refuse(string address, int times)
    {
        for (int i = 0; i < times; i++)
        {
            log.WriteRefusal(address, $"of {address}");
        }
    }
}
