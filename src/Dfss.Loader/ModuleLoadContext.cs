using System.Reflection;
using System.Runtime.Loader;

namespace Dfss.Loader;

/// <summary>
/// The load context: what Dfss.PowerShell.deps.json lists comes from the module's folder, all else from the process.
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

    /// <summary>Where the assemblies come from, without a separator at the end.</summary>
    internal string Folder { get; }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // The engine and the loader must be the process's own: a second copy would have other types of the same names.
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
