using System.Management.Automation;

namespace Dfss.Shell.Commands;

/// <summary>
/// Shows the results of a pipeline. The engine's Out-Default chooses a table for the first object and shows objects of
/// other types as lists; here the objects of each type have their own table.
/// </summary>
[Cmdlet(VerbsData.Out, "Screen")]
public sealed class OutScreenCommand : PSCmdlet, IDisposable
{
    private SteppablePipeline? _table;
    private string? _type;

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    protected override void ProcessRecord()
    {
        if (InputObject is null)
        {
            return;
        }

        if (!IsTextual(InputObject.BaseObject))
        {
            string type = InputObject.TypeNames[0];
            if (_type is not null && type != _type)
            {
                EndTable();
            }

            _type = type;
        }

        (_table ??= BeginTable()).Process(InputObject);
    }

    protected override void EndProcessing() => EndTable();

    public void Dispose() => _table?.Dispose();

    /// <summary>Whether the engine shows it between the rows of a table, which then goes on.</summary>
    private static bool IsTextual(object shown) => shown is string or ErrorRecord || shown.GetType().IsPrimitive;

    private SteppablePipeline BeginTable()
    {
        SteppablePipeline table = ScriptBlock.Create("Out-Default").GetSteppablePipeline(CommandOrigin.Internal);
        table.Begin(this);
        return table;
    }

    private void EndTable()
    {
        _table?.End();
        _table?.Dispose();
        _table = null;
    }
}
