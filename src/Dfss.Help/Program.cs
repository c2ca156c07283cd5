using System.Globalization;
using System.Text;

namespace Dfss.Help;

/// <summary>
/// The build step that makes the module's help: MAML for the cmdlets and text for the about_ topics. The prose comes
/// from Markdown; the facts (types, parameter sets, positions, defaults) come from the cmdlets. A mismatch is a build
/// error with file and line.
/// </summary>
internal static class Program
{
    private const string Usage =
        "dotnet Dfss.Help.dll <cmdlets' assembly> <folder of pages> <output folder> [--site=<http address>] [--update]";

    private const string SiteOption = "--site=";
    private const string Provider = "Dfss";
    private const string ProviderTopic = "about_Dfss_Drive";
    private const string ProviderFolder = "provider";

    private static int Main(string[] arguments)
    {
        // Numbers in help must not depend on the building machine.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        string[] options = [.. arguments.Skip(3)];
        Uri? site = null;
        if (arguments.Length < 3 || !options.All(option => option == "--update" || TryReadSite(option, out site)))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        string assembly = Path.GetFullPath(arguments[0]);
        List<PageError> errors = Run(
            assembly, Path.GetFullPath(arguments[1]), Path.GetFullPath(arguments[2]), site,
            isUpdate: options.Contains("--update"));
        foreach (PageError error in errors)
        {
            Console.Error.WriteLine(error);
        }

        return errors.Count == 0 ? 0 : 1;
    }

    /// <summary>Get-Help -Online opens addresses of http and https only.</summary>
    private static bool TryReadSite(string option, out Uri? site)
    {
        site = null;
        return option.StartsWith(SiteOption, StringComparison.Ordinal)
            && Uri.TryCreate(option[SiteOption.Length..].TrimEnd('/') + '/', UriKind.Absolute, out site)
            && (site.Scheme == Uri.UriSchemeHttps || site.Scheme == Uri.UriSchemeHttp);
    }

    private static List<PageError> Run(string assembly, string pages, string output, Uri? site, bool isUpdate)
    {
        var errors = new List<PageError>();
        var cmdlets = new List<(CmdletFacts Facts, Page Page)>();
        foreach (CmdletFacts facts in CmdletFacts.Read(assembly))
        {
            string path = Path.Combine(pages, facts.Name + ".md");
            if (isUpdate && File.Exists(path))
            {
                SyntaxSection.Update(path, facts);
            }

            var page = Page.Read(path);
            errors.AddRange(PageCheck.FindErrors(page, facts));
            cmdlets.Add((facts, page));
        }

        Page[] topics = [.. Directory.GetFiles(pages, "about_*.md").Order(StringComparer.Ordinal).Select(Page.Read)];
        errors.AddRange(topics.SelectMany(PageCheck.FindErrors));
        errors.AddRange(PageCheck.FindUnknownPages(pages, cmdlets.Select(cmdlet => cmdlet.Page).Concat(topics)));
        if (errors.Count == 0)
        {
            Write(cmdlets, topics, site, output, Path.GetFileName(assembly));
        }

        return errors;
    }

    private static void Write(
        List<(CmdletFacts Facts, Page Page)> cmdlets, Page[] topics, Uri? site, string output, string assemblyName)
    {
        if (Directory.Exists(output))
        {
            Directory.Delete(output, recursive: true);
        }

        // Get-Help looks for the help of a provider beside the assembly, and for that of cmdlets beside the manifest.
        string provider = Path.Combine(output, ProviderFolder);
        Directory.CreateDirectory(provider);
        MamlFile.WriteProvider(
            Path.Combine(provider, $"{assemblyName}-Help.xml"), Provider,
            topics.Single(topic => topic.Title == ProviderTopic));
        foreach (Page topic in topics)
        {
            File.WriteAllText(
                Path.Combine(output, $"{topic.Title}.help.txt"), AboutText.Create(topic),
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }

        // Last: the build decides by this file that the help is up to date.
        MamlFile.Write(Path.Combine(output, $"{assemblyName}-Help.xml"), cmdlets, site);
    }
}
