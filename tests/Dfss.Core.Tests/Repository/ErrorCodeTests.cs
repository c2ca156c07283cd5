using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>Every way of failing has been seen to happen: some test asserts its code.</summary>
public sealed partial class ErrorCodeTests
{
    [Fact]
    public void Every_error_code_is_asserted_by_a_test()
    {
        string[] statements =
        [
            .. RepositoryFiles.List("tests", ".cs")
                .Where(path => !path.EndsWith($"/{nameof(ErrorCodeTests)}.cs", StringComparison.Ordinal))
                .SelectMany(path => string.Join('\n', RepositoryFiles.ReadCode(path).Select(line => line.Code)).Split(';'))
                .Where(statement => Assertion().IsMatch(statement)),
            .. RepositoryFiles.List("tests", ".ps1").SelectMany(RepositoryFiles.ReadLines).Where(line => line.Contains("| Should", StringComparison.Ordinal)),
        ];

        // In C# as the enum's member, or in the error id that PowerShell shows; not where a test makes the exception itself.
        RepositoryFiles.AssertNone(
            from code in Enum.GetNames<DfssErrorCode>()
            where code != nameof(DfssErrorCode.None)
                && !statements.Any(statement => Regex.IsMatch(statement, $@"(?<!new\(|Exception\()DfssErrorCode\.{code}\b|['""*]{code}[,'""*]"))
            select $"{code}: no test asserts that it is raised");
    }

    /// <summary>A call that asserts, or a row of a table whose test does.</summary>
    [GeneratedRegex(@"\b(Assert\.|Assert\w+\(|InlineData\(|TheoryData<|RefusedAsync\(|EndsWithAsync\()")]
    private static partial Regex Assertion();
}
