using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Reflection;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The rules of PSScriptAnalyzer that say something about these scripts, each under its name there. The analyzer itself
/// is a module of the gallery, which a build must not need.
/// </summary>
public sealed class ScriptRuleTests
{
    private static readonly HashSet<string> Aliases = InitialSessionState.CreateDefault2().Commands
        .OfType<SessionStateAliasEntry>().Select(alias => alias.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> Verbs = new[]
    {
        typeof(VerbsCommon), typeof(VerbsCommunications), typeof(VerbsData), typeof(VerbsDiagnostic),
        typeof(VerbsLifecycle), typeof(VerbsOther), typeof(VerbsSecurity),
    }.SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
        .Select(field => field.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> Automatic = new(StringComparer.OrdinalIgnoreCase)
    {
        "_", "args", "error", "event", "eventargs", "executioncontext", "false", "foreach", "home", "host", "input",
        "iscoreclr", "islinux", "ismacos", "iswindows", "lastexitcode", "matches", "myinvocation", "nestedpromptlevel",
        "pid", "profile", "psboundparameters", "pscmdlet", "pscommandpath", "psculture", "psedition",
        "pshome", "psitem",
        "psscriptroot", "psuiculture", "psversiontable", "pwd", "sender", "shellid", "stacktrace", "switch",
        "this", "true",
    };

    private static readonly HashSet<TokenKind> Comparisons =
    [
        TokenKind.Ieq, TokenKind.Ine, TokenKind.Igt, TokenKind.Ige, TokenKind.Ilt, TokenKind.Ile,
        TokenKind.Ceq, TokenKind.Cne, TokenKind.Cgt, TokenKind.Cge, TokenKind.Clt, TokenKind.Cle,
    ];

    public static TheoryData<string> Scripts =>
    [
        .. from folder in new[] { "", "module/Dfss", "examples", "tests/Dfss.Pester" }
           from path in Directory.GetFiles(ModuleSession.RepositoryPath(folder), "*.ps*1")
           select Path.GetRelativePath(ModuleSession.RepositoryPath(""), path).Replace('\\', '/'),
    ];

    /// <summary>
    /// The Pester suite's first file leaves to the last what it has to clean up, in a global variable.
    /// </summary>
    [Theory]
    [MemberData(nameof(Scripts))]
    public void A_script_keeps_the_rules(string path)
    {
        string[] allowed = path.EndsWith("/AtStart.Tests.ps1", StringComparison.Ordinal) ? ["PSAvoidGlobalVars"] : [];
        ScriptBlockAst script = Parser.ParseFile(ModuleSession.RepositoryPath(path), out _, out ParseError[] errors);
        Assert.Equal(
            allowed, FindFaults(script, errors).Select(fault => allowed.Length == 0 ? fault : fault.Split(',')[0]));
    }

    [Theory]
    [InlineData("gci . | Out-Null", "PSAvoidUsingCmdletAliases")]
    [InlineData("Invoke-Expression 'x'", "PSAvoidUsingInvokeExpression")]
    [InlineData("try { f } catch { }", "PSAvoidUsingEmptyCatchBlock")]
    [InlineData("$x -eq $null", "PSPossibleIncorrectComparisonWithNull")]
    [InlineData("foreach ($input in 1..2) { }", "PSAvoidAssignmentToAutomaticVariable")]
    [InlineData("$pid = 1", "PSAvoidAssignmentToAutomaticVariable")]
    [InlineData("$global:x = 1", "PSAvoidGlobalVars")]
    [InlineData("function Fetch-It { }", "PSUseApprovedVerbs")]
    [InlineData("param([string] $Password)", "PSAvoidUsingPlainTextForPassword")]
    [InlineData("param([switch] $Fast = $true)", "PSAvoidDefaultValueSwitchParameter")]
    [InlineData("f ", "PSAvoidTrailingWhitespace")]
    [InlineData("f )", "ParseError")]
    public void Each_rule_finds_what_breaks_it(string script, string rule) => Assert.StartsWith(
        $"{rule}, line 1", Assert.Single(FindFaults(Parser.ParseInput(script, out _, out ParseError[] errors), errors)),
        StringComparison.Ordinal);

    private static IEnumerable<string> FindFaults(ScriptBlockAst script, ParseError[] errors)
    {
        IEnumerable<(string? Rule, IScriptExtent Where)> faults = errors
            .Select(error => ((string?)"ParseError", error.Extent))
            .Concat(script.FindAll(static _ => true, searchNestedScriptBlocks: true)
                .Select(node => (RuleBrokenBy(node), node.Extent)));
        string[] lines = script.Extent.StartScriptPosition.GetFullScript()!.ReplaceLineEndings("\n").Split('\n');
        return faults.Where(fault => fault.Rule is not null)
            .Select(fault => FormattableString.Invariant(
                $"{fault.Rule}, line {fault.Where.StartLineNumber}: {fault.Where.Text}"))
            .Concat(lines.Index().Where(line => line.Item != line.Item.TrimEnd()).Select(line =>
                FormattableString.Invariant($"PSAvoidTrailingWhitespace, line {line.Index + 1}")));
    }

    private static string? RuleBrokenBy(Ast node) => node switch
    {
        CommandAst command => command.GetCommandName() switch
        {
            null => null,
            "Invoke-Expression" => "PSAvoidUsingInvokeExpression",
            { } name => Aliases.Contains(name) ? "PSAvoidUsingCmdletAliases" : null,
        },
        CatchClauseAst { Body.Statements.Count: 0 } => "PSAvoidUsingEmptyCatchBlock",
        BinaryExpressionAst binary when Comparisons.Contains(binary.Operator) && IsNull(binary.Right) =>
            "PSPossibleIncorrectComparisonWithNull",
        AssignmentStatementAst { Left: VariableExpressionAst left } => RuleBrokenByAssignmentTo(left),
        ForEachStatementAst loop => RuleBrokenByAssignmentTo(loop.Variable),
        FunctionDefinitionAst function when function.Name.Contains('-', StringComparison.Ordinal)
            && !Verbs.Contains(function.Name.Split('-')[0]) => "PSUseApprovedVerbs",
        ParameterAst parameter => RuleBrokenBy(parameter),
        _ => null,
    };

    private static string? RuleBrokenBy(ParameterAst parameter)
    {
        string name = parameter.Name.VariablePath.UserPath;
        return parameter.StaticType == typeof(string) && name.Contains("password", StringComparison.OrdinalIgnoreCase)
            ? "PSAvoidUsingPlainTextForPassword"
            : parameter.StaticType == typeof(SwitchParameter) && parameter.DefaultValue is VariableExpressionAst value
                && value.VariablePath.UserPath.Equals("true", StringComparison.OrdinalIgnoreCase)
            ? "PSAvoidDefaultValueSwitchParameter"
            : RuleBrokenByAssignmentTo(parameter.Name);
    }

    private static string? RuleBrokenByAssignmentTo(VariableExpressionAst variable) =>
        variable.VariablePath.IsGlobal ? "PSAvoidGlobalVars"
        : Automatic.Contains(variable.VariablePath.UserPath) ? "PSAvoidAssignmentToAutomaticVariable"
        : null;

    private static bool IsNull(Ast expression) =>
        expression is VariableExpressionAst variable
            && variable.VariablePath.UserPath.Equals("null", StringComparison.OrdinalIgnoreCase);
}
