using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Refuses a script block where a text is taken, and takes a stored file for its name. PowerShell evaluates a script
/// block for each object of the pipeline, for parameters that take pipeline input; to any other parameter it gives the
/// block's text, which would then be a path or a name.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TextArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        RefuseScriptBlock(inputData);
        object? given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return given is IList many ? many.Cast<object?>().Select(ToText).ToArray() : ToText(inputData);
    }

    /// <summary>The name of a stored file, whose own text is not its name; everything else as it is.</summary>
    private static object? ToText(object? item)
    {
        RefuseScriptBlock(item);
        return (item is PSObject wrapped ? wrapped.BaseObject : item) is DfssFileInfo file ? file.Name : item;
    }

    /// <summary>Refuses an argument that is a script block.</summary>
    /// <exception cref="ArgumentTransformationMetadataException">It is one.</exception>
    internal static void RefuseScriptBlock(object? item)
    {
        if ((item is PSObject wrapped ? wrapped.BaseObject : item) is ScriptBlock block)
        {
            throw new ArgumentTransformationMetadataException(
                $"The script block {{{block}}} is not a value here, and is not evaluated. Give its result: (& "
                    + $"{{{block}}}).");
        }
    }
}
