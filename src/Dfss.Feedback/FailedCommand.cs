using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Subsystem.Feedback;
using System.Text;

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

    /// <summary>What a hidden name is found with.</summary>
    private static readonly HashSet<string> NamingParameters =
        new(ConnectionParameters, StringComparer.OrdinalIgnoreCase) { "HiddenName", "EncryptionKey" };

    private static readonly HashSet<string> Switches =
        new(StringComparer.OrdinalIgnoreCase) { "AllowTls12", "HiddenName" };

    private readonly CommandAst command;
    private readonly IScriptExtent statement;

    private FailedCommand(CommandAst command)
    {
        this.command = command;
        Ast whole = command;
        while (whole.Parent is not (null or NamedBlockAst or StatementBlockAst))
        {
            whole = whole.Parent;
        }

        statement = whole.Extent;
    }

    /// <summary>The statement that the command is in: a line may have others, which are not to run again.</summary>
    internal string Statement => statement.Text;

    /// <summary>
    /// The parameters of the command that say where the peers are, as they were typed, with a space before each.
    /// </summary>
    internal string Connection => Keep(ConnectionParameters);

    /// <summary>The same, and those that a hidden name is found with.</summary>
    internal string Naming => Keep(NamingParameters);

    /// <summary>Whether the command takes no input: what came before it in the pipeline is not to run again.</summary>
    internal bool IsFirst =>
        command.Parent is PipelineAst pipeline && ReferenceEquals(pipeline.PipelineElements[0], command);

    /// <summary>Whether the command is for one file: no list, no wildcard, no folder, no input.</summary>
    internal bool IsForOneFile
    {
        get
        {
            if (!IsFirst || Has("-Recurse"))
            {
                return false;
            }

            for (int index = 1; index < command.CommandElements.Count; index++)
            {
                if (command.CommandElements[index] is CommandParameterAst parameter)
                {
                    index += NamingParameters.Contains(parameter.ParameterName) && FindArgument(index) is not null
                        ? 1
                        : 0;
                }
                else if (command.CommandElements[index] is not StringConstantExpressionAst text
                    || WildcardPattern.ContainsWildcardCharacters(text.Value))
                {
                    return false;
                }
            }

            return true;
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
        return command is null ? null : new FailedCommand(command);
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

    /// <summary>The statement with one more parameter for the command; null where the command has it.</summary>
    /// <param name="parameter">The parameter, for example -Force.</param>
    /// <param name="argument">Its argument; null for a switch.</param>
    internal string? With(string parameter, string? argument = null) => Has(parameter)
        ? null
        : Insert(command.Extent.EndOffset, argument is null ? $" {parameter}" : $" {parameter} {argument}");

    /// <summary>The statement with another argument of a parameter, which the command may have or not.</summary>
    internal string? WithArgument(string parameter, string argument)
    {
        for (int index = 1; index < command.CommandElements.Count; index++)
        {
            if (IsParameter(command.CommandElements[index], parameter) && FindArgument(index) is { } former)
            {
                return Replace(former.Extent, argument);
            }
        }

        return With(parameter, argument);
    }

    /// <summary>
    /// The statement with another text in the place of an argument; null where no argument is that text.
    /// </summary>
    internal string? Replacing(string former, string other)
    {
        StringConstantExpressionAst? argument = FindText(former);
        bool isLiteral = Has("-LiteralName");
        return argument is null
            ? null
            : Replace(argument.Extent, Quote(isLiteral ? other : WildcardPattern.Escape(other)));
    }

    /// <summary>The statement with -LiteralPath for a path; null where no argument is that path.</summary>
    internal string? WithLiteralPath(string path)
    {
        CommandElementAst? parameter = command.CommandElements.FirstOrDefault(element => IsParameter(element, "-Path"));
        return parameter is not null ? Replace(parameter.Extent, "-LiteralPath")
            : Has("-LiteralPath") ? null
            : FindText(path) is { } argument ? Insert(argument.Extent.StartOffset, "-LiteralPath ")
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
            && !Switches.Contains(parameter.ParameterName)
            && index + 1 < command.CommandElements.Count
            && command.CommandElements[index + 1] is not CommandParameterAst
            ? command.CommandElements[index + 1]
            : null;

    private string Keep(HashSet<string> names)
    {
        var kept = new StringBuilder();
        for (int index = 1; index < command.CommandElements.Count; index++)
        {
            if (command.CommandElements[index] is CommandParameterAst parameter
                && names.Contains(parameter.ParameterName))
            {
                kept.Append(' ').Append(parameter.Extent.Text);
                kept.Append(FindArgument(index) is { } argument ? " " + argument.Extent.Text : string.Empty);
            }
        }

        return kept.ToString();
    }

    private string Insert(int offset, string text) => Statement.Insert(offset - statement.StartOffset, text);

    private string Replace(IScriptExtent extent, string text) => string.Concat(
        Statement.AsSpan(0, extent.StartOffset - statement.StartOffset), text,
        Statement.AsSpan(extent.EndOffset - statement.StartOffset));
}
