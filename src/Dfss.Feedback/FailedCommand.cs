using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Subsystem.Feedback;

namespace Dfss.Feedback;

/// <summary>
/// The command that failed, as the user typed it: what a suggestion repeats, and where it changes it.
/// </summary>
internal sealed class FailedCommand
{
    /// <summary>What says where the peers are and who asks them; a suggestion keeps it.</summary>
    private static readonly HashSet<string> ConnectionParameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "Peer", "Cluster", "Certificate", "CertificatePassword", "TrustedAuthority", "RevocationList", "AllowTls12",
    };

    private readonly string line;
    private readonly CommandAst command;

    private FailedCommand(string line, CommandAst command)
    {
        this.line = line;
        this.command = command;
    }

    /// <summary>The whole line.</summary>
    internal string Line => line;

    /// <summary>
    /// The parameters of the command that say where the peers are, as they were typed, with a space before each.
    /// </summary>
    internal string Connection
    {
        get
        {
            var kept = new List<string>();
            for (int index = 1; index < command.CommandElements.Count; index++)
            {
                if (command.CommandElements[index] is CommandParameterAst parameter
                    && ConnectionParameters.Contains(parameter.ParameterName))
                {
                    kept.Add(parameter.Extent.Text);
                    if (FindArgument(index) is { } argument)
                    {
                        kept.Add(argument.Extent.Text);
                    }
                }
            }

            return string.Concat(kept.Select(text => " " + text));
        }
    }

    /// <summary>Finds the command that wrote the error in the line that the user typed.</summary>
    /// <returns>Null where the line does not have it: a script or a function ran it.</returns>
    internal static FailedCommand? Find(FeedbackContext context)
    {
        if (context.LastError?.InvocationInfo is not { } invocation)
        {
            return null;
        }

        CommandAst[] found =
        [
            .. context.CommandLineAst.FindAll(
                ast => ast is CommandAst candidate && string.Equals(
                    candidate.GetCommandName(), invocation.InvocationName, StringComparison.OrdinalIgnoreCase),
                searchNestedScriptBlocks: true).Cast<CommandAst>(),
        ];
        CommandAst? command = found.Length == 1 ? found[0] : found.FirstOrDefault(candidate =>
            candidate.Extent.StartLineNumber == invocation.ScriptLineNumber
            && candidate.Extent.StartColumnNumber == invocation.OffsetInLine);
        return command is null ? null : new FailedCommand(context.CommandLine, command);
    }

    /// <summary>Whether the command is one of these.</summary>
    internal bool IsOneOf(params ReadOnlySpan<string> names)
    {
        string? typed = command.GetCommandName();
        foreach (string name in names)
        {
            if (typed is not null && (typed.Equals(name, StringComparison.OrdinalIgnoreCase)
                || typed.EndsWith('\\' + name, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The line with one more parameter for the command; null where the command has it already.</summary>
    /// <param name="parameter">The parameter, for example -Force.</param>
    /// <param name="argument">Its argument; null for a switch.</param>
    internal string? With(string parameter, string? argument = null) => Has(parameter)
        ? null
        : line.Insert(command.Extent.EndOffset, argument is null ? $" {parameter}" : $" {parameter} {argument}");

    /// <summary>The line with another argument of a parameter, which the command may have or not.</summary>
    internal string WithArgument(string parameter, string argument)
    {
        for (int index = 1; index < command.CommandElements.Count; index++)
        {
            if (IsParameter(command.CommandElements[index], parameter) && FindArgument(index) is { } former)
            {
                return Replace(former.Extent, argument);
            }
        }

        return With(parameter, argument) ?? line;
    }

    /// <summary>The line with another text in the place of an argument; null where no argument is that text.</summary>
    internal string? Replacing(string former, string other)
    {
        StringConstantExpressionAst? argument = FindText(former);
        bool isLiteral = Has("-LiteralName");
        return argument is null
            ? null
            : Replace(argument.Extent, Quote(isLiteral ? other : WildcardPattern.Escape(other)));
    }

    /// <summary>The line with -LiteralPath for a path; null where no argument is that path.</summary>
    internal string? WithLiteralPath(string path)
    {
        CommandElementAst? parameter = command.CommandElements.FirstOrDefault(element => IsParameter(element, "-Path"));
        return parameter is not null ? Replace(parameter.Extent, "-LiteralPath")
            : Has("-LiteralPath") ? null
            : FindText(path) is { } argument ? line.Insert(argument.Extent.StartOffset, "-LiteralPath ")
            : null;
    }

    /// <summary>A text as the argument of a command.</summary>
    internal static string Quote(string text) =>
        text.Length > 0 && char.IsAsciiLetterOrDigit(text[0])
            && text.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '/' or '-' or '_')
            ? text
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    private StringConstantExpressionAst? FindText(string text) => command.CommandElements.Skip(1)
        .SelectMany(element => element.FindAll(
            ast => ast is StringConstantExpressionAst constant && constant.Value == text,
            searchNestedScriptBlocks: false))
        .Cast<StringConstantExpressionAst>()
        .FirstOrDefault();

    private static bool IsParameter(CommandElementAst element, string parameter) =>
        element is CommandParameterAst typed
            && typed.ParameterName.Equals(parameter[1..], StringComparison.OrdinalIgnoreCase);

    private bool Has(string parameter) => command.CommandElements.Any(element => IsParameter(element, parameter));

    /// <summary>
    /// The argument that follows a parameter; null for a switch, and where it is part of the parameter.
    /// </summary>
    private CommandElementAst? FindArgument(int index) =>
        command.CommandElements[index] is CommandParameterAst { Argument: null } parameter
            && !parameter.ParameterName.Equals("AllowTls12", StringComparison.OrdinalIgnoreCase)
            && index + 1 < command.CommandElements.Count
            && command.CommandElements[index + 1] is not CommandParameterAst
            ? command.CommandElements[index + 1]
            : null;

    private string Replace(IScriptExtent extent, string text) =>
        string.Concat(line.AsSpan(0, extent.StartOffset), text, line.AsSpan(extent.EndOffset));
}
