using System.Management.Automation;
using System.Text.RegularExpressions;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests;

public sealed partial class ErrorRecordsTests
{
    public static TheoryData<DfssErrorCode> Codes => new(Enum.GetValues<DfssErrorCode>().Where(code =>
        code != DfssErrorCode.None));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_an_error_record(DfssErrorCode code)
    {
        var cause = new IOException("the cause");
        ErrorRecord error = ErrorRecords.Create(new DfssException(code, "What and where.", cause), "the target");
        Assert.Equal(code.ToString(), error.FullyQualifiedErrorId);
        Assert.NotEqual(ErrorCategory.NotSpecified, error.CategoryInfo.Category);
        Assert.Equal("the target", error.TargetObject);
        Assert.Same(cause, error.Exception.InnerException);
        Assert.Equal("What and where.", error.ErrorDetails.Message);
        Assert.Matches(@"^[A-Z].*\.$", error.ErrorDetails.RecommendedAction);
        Assert.Equal($"What and where. {error.ErrorDetails.RecommendedAction}", error.Exception.Message);
    }

    [Fact]
    public void An_exceptions_own_advice_goes_before_its_codes()
    {
        var failure = new DfssException(DfssErrorCode.StoreFull, "What and where.", "Do this.");
        ErrorRecord error = ErrorRecords.Create(failure, target: null);
        Assert.Equal(("What and where.", "Do this.", "What and where. Do this."),
            (error.ErrorDetails.Message, error.ErrorDetails.RecommendedAction, error.Exception.Message));
    }

    [Fact]
    public void A_failure_thrown_again_keeps_its_stack_trace_chunk_and_cause()
    {
        var cause = new IOException("the cause");
        ChunkId chunk = ChunkId.Of([1]);
        DfssException thrown = Assert.Throws<DfssException>(
            (Action)(() => throw new DfssException(DfssErrorCode.StoreFull, "What.", cause) { ChunkId = chunk }));
        DfssException again = thrown.Copy("What and where.", "Do this.");
        Assert.Equal(
            (thrown.Code, "What and where. Do this.", chunk), (again.Code, again.Message, again.ChunkId!.Value));
        Assert.Same(cause, again.InnerException);
        Assert.Contains(
            nameof(A_failure_thrown_again_keeps_its_stack_trace_chunk_and_cause), again.StackTrace,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_cmdlets_own_ids_and_categories_are_all_in_the_table()
    {
        string[] used = [.. Directory.GetFiles(FindSources(), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => OwnError().Matches(File.ReadAllText(file)))
            .Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value}").Distinct()
            .Order(StringComparer.Ordinal)];
        Assert.Equal(
            ErrorRecords.OwnTable.Select(entry => $"{entry.Key} {entry.Value.Category}").Order(StringComparer.Ordinal),
            used);
        Assert.All(ErrorRecords.OwnTable.Values, entry => Assert.Matches(@"^[A-Z].*\.$", entry.Action));
        Assert.DoesNotContain(ErrorRecords.OwnTable.Keys, id => Enum.TryParse<DfssErrorCode>(id, out _));
    }

    internal static string FindSources()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Dfss.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return Path.Combine(folder, "src", "Dfss.PowerShell");
    }

    [GeneratedRegex("""\(\s*"([A-Z]\w+)",\s*ErrorCategory\.(\w+)""")]
    private static partial Regex OwnError();
}
