using System.Management.Automation;
using System.Xml.Linq;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Dfss.Help;

/// <summary>The cmdlets' help in MAML, the form that Get-Help reads.</summary>
internal static class MamlFile
{
    private static readonly XNamespace Items = "http://msh";
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>The descriptions of the engine's own parameters, which are the same for every cmdlet.</summary>
    private static readonly Dictionary<string, string> EngineParameters = new(StringComparer.Ordinal)
    {
        ["WhatIf"] = "Shows what the command would do, and does nothing.",
        ["Confirm"] = "Asks before each step that changes something.",
    };

    /// <summary>Writes the help.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cmdlets">The cmdlets and their pages.</param>
    /// <param name="site">The address below which the pages are published, for Get-Help -Online; null if none.</param>
    internal static void Write(string path, IEnumerable<(CmdletFacts Facts, Page Page)> cmdlets, Uri? site) =>
        new XDocument(
            new XElement(
                Items + "helpItems", new XAttribute("schema", "maml"),
                cmdlets.Select(cmdlet => CreateCommand(cmdlet.Facts, cmdlet.Page, site)))).Save(path);

    /// <summary>Writes the help of the provider; Get-Help reads it from a file of its own.</summary>
    /// <param name="path">The file.</param>
    /// <param name="provider">The name of the provider.</param>
    /// <param name="topic">The about_ topic that describes it.</param>
    internal static void WriteProvider(string path, string provider, Page topic)
    {
        Section description = topic.Find("LONG DESCRIPTION")!;
        new XDocument(
            new XElement(
                Items + "helpItems", new XAttribute("schema", "maml"),
                new XElement(
                    Items + "providerHelp",
                    new XElement(Items + "Name", provider),
                    new XElement(
                        Items + "Synopsis",
                        string.Join(' ', PlainText.Paragraphs(topic.Find("SHORT DESCRIPTION")!.Blocks))),
                    new XElement(
                        Items + "DetailedDescription",
                        Paragraphs(description.Blocks),
                        description.Children.Select(child => new object[]
                        {
                            new XElement(Maml + "para", child.Title), Paragraphs(child.Blocks),
                        })),
                    new XElement(Items + "RelatedLinks", CreateLink(topic.Title, string.Empty))))).Save(path);
    }

    private static XElement CreateCommand(CmdletFacts facts, Page page, Uri? site) => new(
        Command + "command",
        new XAttribute(XNamespace.Xmlns + "maml", Maml),
        new XAttribute(XNamespace.Xmlns + "command", Command),
        new XAttribute(XNamespace.Xmlns + "dev", Dev),
        new XElement(
            Command + "details",
            new XElement(Command + "name", facts.Name),
            new XElement(Command + "verb", facts.Verb),
            new XElement(Command + "noun", facts.Noun),
            Description(page.Find("SYNOPSIS")!.Blocks)),
        Description(page.Find("DESCRIPTION")!.Blocks),
        new XElement(Command + "syntax", facts.ShownSets.Select(set => CreateSyntaxItem(facts, page, set))),
        new XElement(Command + "parameters", facts.Parameters.Select(parameter =>
            CreateParameter(parameter, page, FindFirst(facts, parameter), isSyntax: false))),
        CreateTypes("inputTypes", "inputType", page.Find("INPUTS")!),
        CreateTypes("returnValues", "returnValue", page.Find("OUTPUTS")!),
        page.Find("NOTES") is { } notes
            ? new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(notes.Blocks)))
            : null,
        new XElement(Command + "examples", page.Find("EXAMPLES")!.Children.Select(CreateExample)),
        new XElement(Command + "relatedLinks", CreateLinks(page, site)));

    private static XElement Description(IEnumerable<Block> blocks) => new(Maml + "description", Paragraphs(blocks));

    private static IEnumerable<XElement> Paragraphs(IEnumerable<Block> blocks) =>
        PlainText.Paragraphs(blocks).Select(text => new XElement(Maml + "para", text));

    /// <summary>The parameter in the first set that has it; sets in which it takes pipeline input come first.</summary>
    private static CommandParameterInfo FindFirst(CmdletFacts facts, ParameterFacts parameter) =>
        facts.ParameterSets.SelectMany(CmdletFacts.ShownParameters).Where(found => found.Name == parameter.Name)
            .OrderByDescending(found => found.ValueFromPipeline || found.ValueFromPipelineByPropertyName).First();

    private static XElement CreateSyntaxItem(CmdletFacts facts, Page page, CommandParameterSetInfo set) => new(
        Command + "syntaxItem",
        new XElement(Maml + "name", facts.Name),
        CmdletFacts.ShownParameters(set).Select(parameter => CreateParameter(
            facts.Parameters.Find(known => known.Name == parameter.Name)!, page, parameter, isSyntax: true)));

    private static XElement CreateParameter(
        ParameterFacts facts, Page page, CommandParameterInfo inSet, bool isSyntax)
    {
        string isMany = inSet.ParameterType.IsArray ? "true" : "false";
        return new XElement(
            Command + "parameter",
            new XAttribute("required", inSet.IsMandatory ? "true" : "false"),
            new XAttribute("variableLength", isMany),
            new XAttribute("globbing", facts.AcceptsWildcards ? "true" : "false"),
            new XAttribute("pipelineInput", PipelineInputOf(inSet)),
            new XAttribute(
                "position", inSet.Position < 0 ? "named" : FormattableString.Invariant($"{inSet.Position}")),
            new XAttribute("aliases", facts.Aliases),
            new XElement(Maml + "name", facts.Name),
            new XElement(Maml + "description", EngineParameters.TryGetValue(facts.Name, out string? text)
                ? new XElement(Maml + "para", text)
                : Paragraphs(
                    page.Find("PARAMETERS")!.Children.Single(child => child.Title == $"-{facts.Name}").Blocks)),
            // A value in the syntax of a switch would be shown as an argument to supply.
            isSyntax && facts.IsSwitch
                ? null
                : new XElement(
                    Command + "parameterValue", new XAttribute("required", facts.IsSwitch ? "false" : "true"),
                    new XAttribute("variableLength", isMany), facts.TypeName),
            CreateType(facts.TypeName),
            new XElement(Dev + "defaultValue", facts.DefaultValue));
    }

    private static string PipelineInputOf(CommandParameterInfo parameter)
    {
        string[] ways =
        [
            .. parameter.ValueFromPipeline ? (string[])["ByValue"] : [],
            .. parameter.ValueFromPipelineByPropertyName ? (string[])["ByPropertyName"] : [],
        ];
        return ways.Length == 0 ? "False" : $"True ({string.Join(", ", ways)})";
    }

    private static XElement CreateType(string name) => new(
        Dev + "type", new XElement(Maml + "name", name), new XElement(Maml + "uri"));

    private static XElement CreateTypes(string list, string item, Section section) => new(
        Command + list,
        section.Children.Select(type => new XElement(
            Command + item, CreateType(type.Title), Description(type.Blocks))));

    private static XElement CreateExample(Section example)
    {
        // A command's output is shown below it, as in a console.
        IEnumerable<string> code = example.Blocks.OfType<FencedCodeBlock>().Select(PlainText.CodeOf);
        return new XElement(
            Command + "example",
            new XElement(Maml + "title", $"--- {example.Title} ---"),
            new XElement(Dev + "code", string.Join("\n\n", code)),
            new XElement(
                Dev + "remarks",
                Paragraphs(example.Blocks.Where(block => block is not FencedCodeBlock)),
                // The blank line between this example and the next.
                new XElement(Maml + "para")));
    }

    private static IEnumerable<XElement> CreateLinks(Page page, Uri? site)
    {
        if (site is not null)
        {
            // Get-Help -Online opens the first link that has an address.
            yield return CreateLink("Online version", new Uri(site, Path.GetFileName(page.Path)).AbsoluteUri);
        }

        foreach (LinkInline link in page.Find("RELATED LINKS")!.Blocks.SelectMany(
            block => block.Descendants<LinkInline>()))
        {
            bool isOnline = link.Url!.Contains("://", StringComparison.Ordinal);
            yield return CreateLink(PlainText.Of(link), isOnline ? link.Url : string.Empty);
        }
    }

    private static XElement CreateLink(string text, string address) => new(
        Maml + "navigationLink", new XElement(Maml + "linkText", text), new XElement(Maml + "uri", address));
}
