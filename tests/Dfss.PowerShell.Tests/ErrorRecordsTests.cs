using System.Management.Automation;
using Dfss.Commands;
using Xunit;

namespace Dfss.Tests;

public sealed class ErrorRecordsTests
{
    public static TheoryData<DfssErrorCode> Codes => new(Enum.GetValues<DfssErrorCode>().Where(code =>
        code != DfssErrorCode.None));

    [Theory]
    [MemberData(nameof(Codes))]
    public void Every_code_has_an_error_record(DfssErrorCode code)
    {
        ErrorRecord error = ErrorRecords.Create(new DfssException(code, "What and where."), "the target");
        Assert.Equal(code.ToString(), error.FullyQualifiedErrorId);
        Assert.NotEqual(ErrorCategory.NotSpecified, error.CategoryInfo.Category);
        Assert.Equal("the target", error.TargetObject);
        Assert.Equal("What and where.", error.ErrorDetails.Message);
        string action = error.ErrorDetails.RecommendedAction;
        Assert.True(action.Length == 0 || action.EndsWith('.'), action);
    }
}
