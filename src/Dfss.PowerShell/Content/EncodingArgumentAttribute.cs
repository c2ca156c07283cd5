using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;

namespace Dfss.Commands;

/// <summary>
/// Takes an encoding by the names that PowerShell has for -Encoding, by its registered name, by its code page, or as an
/// object.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EncodingArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>PowerShell's default.</summary>
    internal static Encoding Utf8NoBom { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>PowerShell's names.</summary>
    internal static readonly IReadOnlyDictionary<string, Func<Encoding>> ByName =
        new Dictionary<string, Func<Encoding>>(StringComparer.OrdinalIgnoreCase)
        {
            ["ascii"] = () => Encoding.ASCII,
            ["ansi"] = () => OfCodePage(CultureInfo.CurrentCulture.TextInfo.ANSICodePage),
            ["bigendianunicode"] = () => Encoding.BigEndianUnicode,
            ["bigendianutf32"] = () => new UTF32Encoding(bigEndian: true, byteOrderMark: true),
            ["oem"] = () => OfCodePage(CultureInfo.CurrentCulture.TextInfo.OEMCodePage),
            ["unicode"] = () => Encoding.Unicode,
            ["utf8"] = () => Utf8NoBom,
            ["utf8BOM"] = () => Encoding.UTF8,
            ["utf8NoBOM"] = () => Utf8NoBom,
            ["utf32"] = () => Encoding.UTF32,
        };

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        TextArgumentAttribute.RefuseScriptBlock(given);
        try
        {
            return given switch
            {
                string name when ByName.TryGetValue(name, out Func<Encoding>? create) => create(),
                string name when int.TryParse(name, CultureInfo.InvariantCulture, out int page) => OfCodePage(page),
                string name => Find(() => Encoding.GetEncoding(name), () => Provider.GetEncoding(name)),
                int page => OfCodePage(page),
                _ => given,
            };
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw new ArgumentTransformationMetadataException(
                $"'{given}' is not an encoding. Give one of {string.Join(", ", ByName.Keys)}, a code page, or the name "
                    + "of another encoding that .NET has.",
                exception);
        }
    }

    private static EncodingProvider Provider => CodePagesEncodingProvider.Instance;

    private static Encoding OfCodePage(int page) =>
        Find(() => Encoding.GetEncoding(page), () => Provider.GetEncoding(page));

    /// <summary>
    /// An encoding of .NET itself, or else of its code pages, which PowerShell registers and a bare engine does not.
    /// </summary>
    private static Encoding Find(Func<Encoding> find, Func<Encoding?> findPage) => findPage() ?? find();
}

/// <summary>Completes the names of encodings.</summary>
internal sealed class EncodingCompletion : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst,
        IDictionary fakeBoundParameters)
    {
        var word = new CompletionWord(wordToComplete);
        return EncodingArgumentAttribute.ByName.Keys
            .Where(name => name.StartsWith(word.Text, StringComparison.OrdinalIgnoreCase))
            .Select(name => word.ToResult(name, name));
    }
}
