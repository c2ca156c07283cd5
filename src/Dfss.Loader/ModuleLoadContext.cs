using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Dfss.Loader;

/// <summary>
/// The load context: assemblies that Dfss.PowerShell.deps.json lists load from the module's folder, all others from the
/// process. Where the folder has machine code of an assembly for this platform (ReadyToRun), that file loads.
/// </summary>
internal sealed class ModuleLoadContext : AssemblyLoadContext
{
    private static readonly string LoaderName = typeof(ModuleLoadContext).Assembly.GetName().Name!;

    private readonly AssemblyDependencyResolver resolver;
    private readonly string compiledFolder;

    internal ModuleLoadContext(string folder)
        : base("Dfss")
    {
        Folder = folder;
        compiledFolder = Path.Combine(folder, "runtimes", GetPlatform(), "lib");
        resolver = new AssemblyDependencyResolver(Path.Combine(folder, "Dfss.PowerShell.dll"));
    }

    /// <summary>The folder of the assemblies, without a separator at the end.</summary>
    internal string Folder { get; }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // The engine and the loader must be the process's own: a second copy would define other types with the same
        // names.
        if (assemblyName.Name == "System.Management.Automation" || assemblyName.Name == LoaderName)
        {
            return null;
        }

        string? path = resolver.ResolveAssemblyToPath(assemblyName);
        return path is null ? null : LoadFast(path);
    }

    /// <summary>Loads an assembly of the module: its compiled copy where there is one, otherwise the IL.</summary>
    /// <param name="path">The path of the IL.</param>
    internal Assembly LoadFast(string path)
    {
        string compiled = Path.Combine(compiledFolder, Path.GetFileName(path));
        return LoadFromAssemblyPath(File.Exists(compiled) ? compiled : path);
    }

    // The names of the folders in lib/runtimes. RuntimeInformation.RuntimeIdentifier may name a distribution instead.
    private static string GetPlatform()
    {
        string system = OperatingSystem.IsWindows() ? "win"
            : OperatingSystem.IsMacOS() ? "osx"
            : UsesMusl() ? "linux-musl" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static bool UsesMusl() =>
        RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
        || RuntimeInformation.RuntimeIdentifier.StartsWith("alpine", StringComparison.Ordinal);

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }
}
