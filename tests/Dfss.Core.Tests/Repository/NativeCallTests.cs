using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>
/// A function of the operating system is declared once in an assembly: its errors are handled in one place.
/// </summary>
public sealed partial class NativeCallTests
{
    [Theory]
    [InlineData("src/Dfss.Core")]
    [InlineData("src/Dfss.PowerShell")]
    public void A_system_call_is_declared_in_one_file(string project)
    {
        (string Function, string Path)[] declarations =
        [
            .. from path in RepositoryFiles.List(project, ".cs")
               from line in RepositoryFiles.ReadLines(path)
               let declaration = Declaration().Match(line)
               where declaration.Success
               select (Family(declaration.Groups["function"].Value), path),
        ];
        Assert.NotEmpty(declarations);
        RepositoryFiles.AssertNone(
            from declaration in declarations.Distinct()
            group declaration.Path by declaration.Function into places
            where places.Count() > 1
            select $"{places.Key} is declared in {string.Join(" and ", places)}");
    }

    /// <summary>The functions of one purpose have one wrapper: those that give a file's status.</summary>
    private static string Family(string function) => StatusFunction().IsMatch(function) ? "stat" : function;

    [GeneratedRegex(@"\[(LibraryImport|DllImport)\(""\w+"", EntryPoint = ""(?<function>[\w$]+)""")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^(stat|statx|fstat|lstat|fstatat)(\$INODE64)?$")]
    private static partial Regex StatusFunction();
}
