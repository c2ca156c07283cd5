using System.Reflection;
using System.Runtime.Loader;

namespace Dfss.Loader;

/// <summary>
/// The load context: assemblies that Dfss.PowerShell.deps.json lists load from the module's folder, all others from the
/// process.
/// </summary>
internal sealed class ModuleLoadContext : AssemblyLoadContext
{
    private static readonly string LoaderName = typeof(ModuleLoadContext).Assembly.GetName().Name!;

    private readonly AssemblyDependencyResolver resolver;

    internal ModuleLoadContext(string folder)
        : base("Dfss")
    {
        Folder = folder;
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
        return path is null ? null : LoadFromAssemblyPath(path);
    }

    /// <inheritdoc/>
    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        return path is null ? 0 : LoadUnmanagedDllFromPath(path);
    }
}
