namespace Dfss.Shell;

/// <summary>The location of the module that dfss imports at its start.</summary>
internal static class ModuleLocation
{
    /// <summary>The environment variable that names another Dfss.psd1 than the one of this dfss.</summary>
    public const string EnvironmentVariable = "DFSS_MODULE";

    /// <summary>
    /// The path of Dfss.psd1: the one named in the environment; otherwise, for a published dfss, <c>Modules/Dfss</c>
    /// beside the program; otherwise, for a built one, <c>module/Dfss</c> in the nearest folder above it.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static string Find()
    {
        string? named = Environment.GetEnvironmentVariable(EnvironmentVariable);
        if (!string.IsNullOrEmpty(named))
        {
            return File.Exists(named)
                ? Path.GetFullPath(named)
                : throw new FileNotFoundException($"{EnvironmentVariable} names '{named}', and there is no such file.");
        }

        string published = Path.Combine(AppContext.BaseDirectory, "Modules", "Dfss", "Dfss.psd1");
        if (File.Exists(published))
        {
            return published;
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string built = Path.Combine(folder.FullName, "module", "Dfss", "Dfss.psd1");
            if (File.Exists(built))
            {
                return built;
            }
        }

        throw new FileNotFoundException(
            $"The Dfss module is neither in '{Path.GetDirectoryName(published)}' nor in module/Dfss of a "
                + "folder above. " +
            $"Build it (dotnet build), or set {EnvironmentVariable} to the path of Dfss.psd1.");
    }
}
