namespace Dfss.Testing;

/// <summary>Copies of stores.</summary>
internal static class CopiedFolder
{
    /// <summary>Whether this system has cp.</summary>
    public static bool IsSupported => SystemTool.Find("cp") is not null;

    /// <summary>cp -a: what a copied disk, or a store that was put back from a backup, is.</summary>
    public static string Copy(string folder, string copy)
    {
        SystemTool.Run("cp", ["-a", folder, copy]);
        return copy;
    }

    /// <summary>
    /// A copy that does not know that it is one: as that of a store which last ran before places were noted, or of a
    /// whole virtual machine.
    /// </summary>
    public static string CopyUnnoticed(string folder, string copy)
    {
        Copy(folder, copy);
        File.Delete(Path.Combine(copy, "place.json"));
        return copy;
    }
}
