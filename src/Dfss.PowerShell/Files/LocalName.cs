using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The local path for a stored file's name. The name is untrusted data: its path is below the destination's folder, or
/// the name is refused.
/// </summary>
internal static class LocalName
{
    /// <summary>The advice for a name that cannot be used here.</summary>
    internal const string ReceiveAlone = "Receive it by itself, with a file's path as -Destination.";

    /// <summary>The path of a stored file below a folder.</summary>
    /// <exception cref="DfssException">InvalidName: the name cannot be a path here.</exception>
    internal static string Combine(string folder, string name) => Combine(folder, name, OperatingSystem.IsWindows());

    /// <inheritdoc cref="Combine(string, string)"/>
    internal static string Combine(string folder, string name, bool isWindows)
    {
        // Refuses "", ".", "..", backslashes and control characters in any part, and with that absolute paths.
        string normalized = FileName.Normalize(name);
        string path = folder;
        string[] parts = normalized.Split('/');
        for (int i = 0; i < parts.Length; i++)
        {
            if (isWindows && !LocalFileName.IsWindowsName(parts[i]))
            {
                throw Refuse(name, $"Windows has no file of the name '{parts[i]}'");
            }

            if (FindTooLong(parts[i], isWindows) is not null)
            {
                string unit = isWindows ? "characters" : "bytes";
                throw Refuse(name, FormattableString.Invariant(
                    $"a part of it is longer than the {LocalFileName.MaxPartLength} {unit} that a disk takes"));
            }

            path = Path.Combine(path, parts[i]);
            if (new DirectoryInfo(path).LinkTarget is not null)
            {
                throw Refuse(name, $"'{path}' is a link, which may lead out of the destination");
            }
        }

        return path;
    }

    /// <summary>Whether two names that differ only by case are one file in this folder, which exists.</summary>
    internal static bool IgnoresCase(string folder)
    {
        string probe = Path.Combine(folder, $".dfss-case-{Guid.NewGuid():n}");
        using FileStream file = new(
            probe, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1,
            FileOptions.DeleteOnClose);
        return File.Exists(Path.Combine(folder, Path.GetFileName(probe).ToUpperInvariant()));
    }

    /// <summary>The first part of a name that is too long for a disk; null if there is none.</summary>
    internal static string? FindTooLong(string name, bool isWindows) => Array.Find(
        name.Split('/'), part => LocalFileName.IsTooLong(part, isWindows));

    private static DfssException Refuse(string name, string reason) => new(
        DfssErrorCode.InvalidName,
        $"'{name}' cannot be received under its name: {reason}.",
        ReceiveAlone);
}
