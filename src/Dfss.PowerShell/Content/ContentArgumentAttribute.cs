using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Refuses a script block as content: PowerShell does not evaluate one for a parameter that takes any object, and its
/// text is not what the user means.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ContentArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        TextArgumentAttribute.RefuseScriptBlock(inputData);
        if ((inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is IList many and not byte[])
        {
            foreach (object? one in many)
            {
                TextArgumentAttribute.RefuseScriptBlock(one);
            }
        }

        return inputData;
    }
}
