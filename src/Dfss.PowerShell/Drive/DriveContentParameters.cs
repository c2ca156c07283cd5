using System.Management.Automation;
using System.Text;

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
}
