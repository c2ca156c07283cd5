using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Prevents that -Path and -Name use the text of an object as a path or a name: PowerShell would convert any object to
/// text before it looks for a property of that name. A value that is refused here is bound to another parameter.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PathArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (IsPath(inputData))
        {
            return inputData;
        }

        object given = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (given is IDictionary || given is not IEnumerable many)
        {
            throw Refuse(inputData);
        }

        // Read once: a second enumeration may give other items.
        object?[] items = [.. many.Cast<object?>()];
        object? other = Array.Find(items, item => !IsPath(item));
        return other is null ? items : throw Refuse(other);
    }

    private static bool IsPath(object? item) =>
        (item is PSObject wrapped ? wrapped.BaseObject : item) is null or IConvertible or FileSystemInfo or PathInfo;

    private static ArgumentTransformationMetadataException Refuse(object item)
    {
        string message = $"'{item}' is not a path or name. Give a string, or pipe an object that has it as a property.";

        // This inner exception tells the binder that the value does not fit, as a failed conversion does.
        return new ArgumentTransformationMetadataException(message, new PSInvalidCastException(message));
    }
}
