namespace Dfss.Benchmarks;

/// <summary>Programs of this machine.</summary>
internal static class Programs
{
    /// <summary>The path of a program, or null where it is not installed.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
        .Split(Path.PathSeparator)
        // Where sshd is, which is not on every user's PATH.
        .Append("/usr/sbin")
        .Where(folder => folder.Length > 0)
        .SelectMany(folder => new[] { Path.Combine(folder, name), Path.Combine(folder, name + ".exe") })
        .FirstOrDefault(File.Exists);
}
