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
                .SelectMany(Assertions),
            .. RepositoryFiles.List("tests", ".ps1").SelectMany(RepositoryFiles.ReadLines)
                .Where(line => line.Contains("| Should", StringComparison.Ordinal)),
        ];

        // In C# as the enum's member, or in the error id that PowerShell shows; not where a test makes the exception
        // itself, or asserts that the code is another.
        RepositoryFiles.AssertNone(
            from code in Enum.GetNames<DfssErrorCode>()
            where code != nameof(DfssErrorCode.None)
                && !statements.Any(
                    statement => Regex.IsMatch(
                        statement,
                        $@"(?<!new\(|Exception\(|!= |is not |NotEqual\()DfssErrorCode\.{code}\b|['""*]{code}[,'""*]"))
            select $"{code}: no test asserts that it is raised");
    }

    // The rows of a table say nothing where the test itself throws what they hold.
    private static IEnumerable<string> Assertions(string path)
    {
        string code = string.Join('\n', RepositoryFiles.ReadCode(path).Select(line => line.Code));
        bool isFed = FedCode().IsMatch(code);
        return code.Split(';')
            .Where(
                statement => Assertion().IsMatch(statement)
                    && !(isFed && statement.Contains("InlineData(", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\b(new\(|Exception\()code\b")]
    private static partial Regex FedCode();

    /// <summary>A call that asserts, or a row of a table whose test does.</summary>
    [GeneratedRegex(@"\b(Assert\.|Assert\w+\(|InlineData\(|TheoryData<|RefusedAsync\(|EndsWithAsync\()")]
    private static partial Regex Assertion();
}
