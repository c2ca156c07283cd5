using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;

namespace Dfss.Shell.Commands;

/// <summary>Write-Output: writes its input objects one by one.</summary>
[Cmdlet(VerbsCommunications.Write, "Output")]
public sealed class WriteOutputCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromRemainingArguments = true)]
    [System.Management.Automation.AllowNull]
    [AllowEmptyCollection]
    public PSObject[]? InputObject { get; set; }

    [Parameter]
    public SwitchParameter NoEnumerate { get; set; }

    protected override void ProcessRecord()
    {
        foreach (PSObject item in InputObject ?? [])
        {
            WriteObject(item, enumerateCollection: !NoEnumerate);
        }
    }
}

/// <summary>Write-Host: text for the user, on the information stream.</summary>
[Cmdlet(VerbsCommunications.Write, "Host")]
public sealed class WriteHostCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromRemainingArguments = true)]
    [SuppressMessage("Naming", "CA1720", Justification = "The parameter's name in PowerShell.")]
    public object[]? Object { get; set; }

    [Parameter]
    public object Separator { get; set; } = " ";

    [Parameter]
    public SwitchParameter NoNewline { get; set; }

    /// <summary>The colour of the text, where colours are shown.</summary>
    [Parameter]
    public ConsoleColor ForegroundColor { get; set; }

    /// <summary>Accepted so that scripts run unchanged; has no effect.</summary>
    [Parameter]
    public ConsoleColor BackgroundColor { get; set; }

    protected override void ProcessRecord()
    {
        string text = string.Join(LanguagePrimitives.ConvertTo<string>(Separator), (Object ?? []).Select(Text));
        HostInformationMessage message = new() { Message = text, NoNewLine = NoNewline };
        if (MyInvocation.BoundParameters.ContainsKey(nameof(ForegroundColor)))
        {
            string colour = PSStyle.Instance.Foreground.FromConsoleColor(ForegroundColor);
            message.Message = $"{colour}{text}{PSStyle.Instance.Reset}";
        }

        WriteInformation(message, ["PSHOST"]);
    }

    private string Text(object item) => item is System.Collections.IEnumerable items and not string
        ? string.Join(LanguagePrimitives.ConvertTo<string>(Separator), items.Cast<object>().Select(Text))
        : LanguagePrimitives.ConvertTo<string>(item);
}

/// <summary>Out-String: its input as text.</summary>
[Cmdlet(VerbsData.Out, "String")]
[OutputType(typeof(string))]
public sealed class OutStringCommand : PSCmdlet
{
    private readonly List<PSObject> _items = [];

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            _items.Add(InputObject);
        }
    }

    protected override void EndProcessing() =>
        WriteObject(string.Concat(_items.Select(item => item + Environment.NewLine)));
}

/// <summary>Out-File, which <c>&gt;</c> and <c>&gt;&gt;</c> need: its input as lines of UTF-8.</summary>
[Cmdlet(VerbsData.Out, "File", SupportsShouldProcess = true)]
public sealed class OutFileCommand : PSCmdlet, IDisposable
{
    private StreamWriter? _writer;

    [Parameter(Mandatory = true, Position = 0)]
    public string FilePath { get; set; } = string.Empty;

    [Parameter]
    public SwitchParameter Append { get; set; }

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Accepted because <c>&gt;</c> passes one; the output is always UTF-8.</summary>
    [Parameter]
    public object? Encoding { get; set; }

    protected override void BeginProcessing()
    {
        string path = GetUnresolvedProviderPathFromPSPath(FilePath);
        if (ShouldProcess(path))
        {
            _writer = new StreamWriter(path, Append);
        }
    }

    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            _writer?.WriteLine(InputObject.ToString());
        }
    }

    protected override void EndProcessing() => Dispose();

    public void Dispose()
    {
        _writer?.Dispose();
        _writer = null;
    }
}
