using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>Refuses a negative span of time.</summary>
internal sealed class NotNegativeAttribute : ValidateArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void Validate(object arguments, EngineIntrinsics engineIntrinsics)
    {
        if (arguments is TimeSpan span && span < TimeSpan.Zero)
        {
            throw new ValidationMetadataException($"'{span}' is negative; give 0 or more.");
        }
    }
}
