using System.Globalization;
using System.Text;
using Dfss.Records;
using Dfss.Storage;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xunit;

namespace Dfss.Tests.Storage;

/// <summary>The work of the catalog does not grow with the names in it.</summary>
public sealed class CatalogTests : IDisposable
{
    private const int Names = 2000;
    private const int PageNames = 20;

    private readonly TemporaryFolder folder = new();

    private string CatalogFile => Path.Combine(folder.Path, "catalog.db");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    public async Task A_page_late_in_a_list_costs_no_more_than_the_first(string prefix)
    {
        await FillAsync();

        int first = CountSteps(prefix, after: "");
        int late = CountSteps(prefix, after: NameOf(Names - PageNames - 1));

        Assert.InRange(late, 1, first * 2);
    }

    [Fact]
    public async Task A_prefix_behind_the_last_name_of_a_page_begins_at_the_prefix()
    {
        await FillAsync();

        using var session = DatabaseSession.OpenReader(CatalogFile);

        Assert.Equal([NameOf(1000), NameOf(1001)], List(session, prefix: "a10", after: "a0", limit: 2));
    }

    private static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"a{number:0000}");

    private static IEnumerable<string> List(DatabaseSession session, string prefix, string after, int limit)
    {
        byte[] start = Encoding.UTF8.GetBytes(prefix);
        return Catalog.List(session, start, [.. start, byte.MaxValue], Encoding.UTF8.GetBytes(after), limit)
            .Select(entry => entry.Name);
    }

    /// <summary>The instructions of SQLite for a page of names, as its progress handler counts them.</summary>
    private int CountSteps(string prefix, string after)
    {
        using var session = DatabaseSession.OpenReader(CatalogFile);
        SqliteConnection connection = session.Prepare("SELECT 1").Connection!;
        int steps = 0;
        raw.sqlite3_progress_handler(connection.Handle, 1, _ => { steps++; return 0; }, null);

        Assert.Equal(PageNames, List(session, prefix, after, PageNames).Count());

        return steps;
    }

    private async Task FillAsync()
    {
        Directory.CreateDirectory(folder.Path);
        await using Catalog catalog = new(CatalogFile, new FailStopLatch(folder.Path, log: null));
        await catalog.OpenVotesAsync(StoreId.Create());
        RegisterEntry[] entries =
        [
            .. Enumerable.Range(0, Names).Select(number =>
                new RegisterEntry(NameOf(number), Version: 0, RegisterState.Empty)),
        ];
        Assert.DoesNotContain(
            false, await catalog.CompareAndSwapAsync(entries, catalog.Votes.Generation, [], Token));
    }
}
