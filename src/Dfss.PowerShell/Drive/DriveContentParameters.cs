using System.Management.Automation;
using System.Reflection;
using System.Text;
using Microsoft.PowerShell.Commands;

namespace Dfss.Commands;

/// <summary>The parameters that Get-Content has on a drive of stored files.</summary>
public sealed class DriveReaderParameters
{
    /// <summary>Gives all text as one string; with -AsByteStream, one array of bytes.</summary>
    [Parameter(HelpMessage = "Gives all text as one string; with -AsByteStream, one array of bytes.")]
    public SwitchParameter Raw { get; set; }

    /// <summary>Gives bytes in place of text.</summary>
    [Parameter(HelpMessage = "Gives bytes in place of text.")]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>The encoding of the text, where no byte order mark names it.</summary>
    [Parameter(HelpMessage = "The encoding of the text, where no byte order mark names it.")]
    [EncodingArgument]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(EncodingCompletion))]
    public Encoding Encoding { get; set; } = EncodingArgumentAttribute.Utf8NoBom;

    /// <summary>The parameters that a command has bound: for paths from the pipeline those of its location.</summary>
    /// <exception cref="CmdletException">OptionNotOfDrive.</exception>
    internal static DriveReaderParameters From(object? bound) => bound switch
    {
        null => new DriveReaderParameters(),
        DriveReaderParameters own => own,
        FileSystemContentReaderDynamicParameters { DelimiterSpecified: true } =>
            throw DriveOptions.Refuse("Delimiter", "Leave it out."),
        FileSystemContentReaderDynamicParameters { Wait.IsPresent: true } =>
            throw DriveOptions.Refuse("Wait", "Leave it out."),
        FileSystemContentReaderDynamicParameters disk => new DriveReaderParameters
        {
            Raw = disk.Raw,
            AsByteStream = DriveOptions.IsAsByteStream(disk),
            Encoding = DriveOptions.EncodingOf(disk),
        },
        _ => throw DriveOptions.RefuseLocation(),
    };
}

/// <summary>The parameters that Set-Content has on a drive of stored files.</summary>
public sealed class DriveWriterParameters
{
    /// <summary>The content is bytes in place of text.</summary>
    [Parameter(HelpMessage = "The content is bytes in place of text.")]
    public SwitchParameter AsByteStream { get; set; }

    /// <summary>Adds no line end after each object.</summary>
    [Parameter(HelpMessage = "Adds no line end after each object.")]
    public SwitchParameter NoNewline { get; set; }

    /// <summary>The encoding of the text.</summary>
    [Parameter(HelpMessage = "The encoding of the text.")]
    [EncodingArgument]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(EncodingCompletion))]
    public Encoding Encoding { get; set; } = EncodingArgumentAttribute.Utf8NoBom;

    /// <summary>The parameters that a command has bound: for paths from the pipeline those of its location.</summary>
    /// <exception cref="CmdletException">OptionNotOfDrive.</exception>
    internal static DriveWriterParameters From(object? bound) => bound switch
    {
        null => new DriveWriterParameters(),
        DriveWriterParameters own => own,
        FileSystemContentWriterDynamicParameters disk => new DriveWriterParameters
        {
            NoNewline = disk.NoNewline,
            AsByteStream = DriveOptions.IsAsByteStream(disk),
            Encoding = DriveOptions.EncodingOf(disk),
        },
        _ => throw DriveOptions.RefuseLocation(),
    };
}

/// <summary>
/// The options of another provider. For paths from the pipeline, and for those after the first of a list, the engine
/// binds the options that the provider of the current location, or of the first path, has.
/// </summary>
internal static class DriveOptions
{
    /// <summary>
    /// Refuses options that a drive does not have. Without -File or -Stream a command would take more than was meant.
    /// </summary>
    /// <param name="bound">What the engine has bound; null for nothing.</param>
    /// <exception cref="CmdletException">OptionNotOfDrive.</exception>
    internal static void ThrowIfGiven(object? bound)
    {
        if (bound is DriveReaderParameters or DriveWriterParameters or FileSystemContentDynamicParametersBase)
        {
            // Those of the commands for content, which check them: the engine also lists for these.
            return;
        }

        string? option = bound is RuntimeDefinedParameterDictionary defined
            ? defined.Values.FirstOrDefault(one => one.IsSet)?.Name
            : bound?.GetType().GetProperties().FirstOrDefault(
                one => one.IsDefined(typeof(ParameterAttribute), inherit: true) && IsGiven(one, bound))?.Name;
        if (option is not null)
        {
            throw Refuse(option, "Leave it out, and choose the items with Where-Object.");
        }
    }

    /// <summary>Whether an option has a value. Of numbers this cannot be seen: they always have one.</summary>
    private static bool IsGiven(PropertyInfo option, object bound) => option.GetValue(bound) switch
    {
        null => false,
        SwitchParameter isOn => isOn.IsPresent,
        _ => !option.PropertyType.IsValueType || Nullable.GetUnderlyingType(option.PropertyType) is not null,
    };

    /// <summary>-Encoding; without it UTF-8, as on a drive.</summary>
    internal static Encoding EncodingOf(FileSystemContentDynamicParametersBase disk) =>
        disk.WasStreamTypeSpecified && Find(disk, "Encoding") is Encoding encoding
            ? encoding
            : EncodingArgumentAttribute.Utf8NoBom;

    /// <summary>-AsByteStream.</summary>
    /// <exception cref="CmdletException">OptionNotOfDrive: -Stream, which Windows has, is given.</exception>
    internal static bool IsAsByteStream(FileSystemContentDynamicParametersBase disk) => Find(disk, "Stream") is null
        ? Find(disk, "AsByteStream") is SwitchParameter { IsPresent: true }
        : throw Refuse("Stream", "Leave it out.");

    /// <summary>A property by its name: the reference assembly of PowerShell lacks some of them.</summary>
    private static object? Find(FileSystemContentDynamicParametersBase disk, string name) =>
        PSObject.AsPSObject(disk).Properties[name]?.Value;

    /// <summary>The error of an option that a drive does not have.</summary>
    internal static CmdletException Refuse(string option, string action) => new(ErrorRecords.Create(
        "OptionNotOfDrive", ErrorCategory.InvalidArgument, option,
        $"The option {option} cannot be used on a drive of stored files.", action));

    /// <summary>The error of options that are of neither.</summary>
    internal static CmdletException RefuseLocation() => Refuse(
        "of the current location's provider", "Set the location to a disk, or to the drive.");
}
