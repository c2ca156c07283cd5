using System.Management.Automation;
using System.Reflection;

namespace Dfss.Commands;

/// <summary>The parameters of a cmdlet, to be copied from one instance to another.</summary>
internal sealed class CommandParameters
{
    internal CommandParameters(Type cmdlet)
    {
        All = [.. cmdlet.GetProperties().Where(property => property.IsDefined(typeof(ParameterAttribute)))];
        OfPipeline = [.. All.Where(property => property.GetCustomAttributes<ParameterAttribute>().Any(
            attribute => attribute.ValueFromPipeline || attribute.ValueFromPipelineByPropertyName))];
    }

    /// <summary>All parameters.</summary>
    internal IReadOnlyList<PropertyInfo> All { get; }

    /// <summary>Those that take input of the pipeline.</summary>
    internal IReadOnlyList<PropertyInfo> OfPipeline { get; }

    /// <summary>The values of some parameters.</summary>
    internal static object?[] Read(IReadOnlyList<PropertyInfo> parameters, object cmdlet) =>
        [.. parameters.Select(parameter => parameter.GetValue(cmdlet))];

    /// <summary>Sets the values of some parameters.</summary>
    internal static void Write(IReadOnlyList<PropertyInfo> parameters, object?[] values, object cmdlet)
    {
        for (int i = 0; i < values.Length; i++)
        {
            parameters[i].SetValue(cmdlet, values[i]);
        }
    }
}
