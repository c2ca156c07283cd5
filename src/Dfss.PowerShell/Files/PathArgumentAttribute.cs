using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Keeps -Path from taking the text of an object for a path: PowerShell would turn any object to text before it looks
/// for a property PSPath. What is refused here goes on to the other parameters.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PathArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object item = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (item is null or IConvertible or FileSystemInfo or (IEnumerable and not IDictionary))
        {
            return inputData;
        }

        string message = $"'{inputData}' is no path. Give a string, or pipe an object with a property Path or PSPath.";

        // This inner exception tells the binder that the value does not fit, as a failed conversion does.
        throw new ArgumentTransformationMetadataException(message, new PSInvalidCastException(message));
    }
}
