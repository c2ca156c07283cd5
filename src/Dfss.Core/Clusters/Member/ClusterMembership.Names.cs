
namespace Dfss.Clusters;

/// <content>Names of clusters: they become names of folders, and come from strangers.</content>
public sealed partial class ClusterMembership
{
    /// <summary>The longest name of a cluster.</summary>
    public const int MaxNameCharacters = 64;

    /// <summary>What Windows takes for devices.</summary>
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

    /// <summary>Whether a cluster may be called so: letters, digits, '-', '_' and '.' of ASCII, a letter or digit first and last.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MaxNameCharacters
            && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.')
            && char.IsAsciiLetterOrDigit(name[0])
            && char.IsAsciiLetterOrDigit(name[^1])
            && !IsDevice(name.Split('.')[0]);
    }

    private static bool IsDevice(string stem) => Devices.Any(device => stem.StartsWith(device, StringComparison.OrdinalIgnoreCase)
        && (stem.Length == device.Length || (device is "COM" or "LPT" && stem.Length == 4 && char.IsAsciiDigit(stem[3]))));
}
