
namespace Dfss.Clusters;

/// <content>Names of clusters. They become folder names and come from untrusted input.</content>
public sealed partial class ClusterMembership
{
    /// <summary>The longest name of a cluster.</summary>
    public const int MaxNameCharacters = 64;

    /// <summary>Device names of Windows.</summary>
    private static readonly string[] Devices = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];

    /// <summary>
    /// Whether a cluster may have this name: ASCII letters, digits, '-', '_' and '.', with a letter or digit first and
    /// last.
    /// </summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MaxNameCharacters
            && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.')
            && char.IsAsciiLetterOrDigit(name[0])
            && char.IsAsciiLetterOrDigit(name[^1])
            && !IsDevice(name.Split('.')[0]);
    }

    private static bool IsDevice(string stem) =>
        Devices.Any(device => stem.StartsWith(device, StringComparison.OrdinalIgnoreCase)
            && (stem.Length == device.Length
                || (device is "COM" or "LPT" && stem.Length == 4 && char.IsAsciiDigit(stem[3]))));
}
