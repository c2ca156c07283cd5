using System.IO.Compression;
using System.Reflection;
using System.Reflection.PortableExecutable;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The assemblies that the other side of a copy needs, in one compressed array: the number of assemblies, then each
/// with its length before it, the one with the host last. They are IL, so every platform runs them.
/// </summary>
internal static class CarriedCode
{
    /// <summary>The build has cut them to what is used there (Carried.targets).</summary>
    private const string Resource = "Carried/";

    /// <summary>Without a store on disk, nothing of SQLite is used, and without retries nothing of Polly.</summary>
    private static readonly string[] Assemblies =
        ["Microsoft.NET.StringTools", "MessagePack.Annotations", "MessagePack", "Dfss.Core"];

    private static readonly Lazy<byte[]> Packed = new(() => Pack(ReadCut()));

    /// <summary>The bytes.</summary>
    internal static byte[] Bytes => Packed.Value;

    /// <summary>
    /// The module's lib folder: an assembly with machine code for this platform only is in a folder below it.
    /// </summary>
    internal static string FindFolder(string? folder)
    {
        while (folder is not null && !IsIntermediate(Path.Combine(folder, "Dfss.Core.dll")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The module's folder has not all of its files.");
    }

    /// <summary>Whether a file is an assembly without machine code.</summary>
    internal static bool IsIntermediate(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using PEReader reader = new(File.OpenRead(path));
        return reader.PEHeaders.CorHeader is { ManagedNativeHeaderDirectory.Size: 0 };
    }

    /// <summary>The assemblies as the build has cut them; none where it could not.</summary>
    internal static IReadOnlyList<byte[]> ReadCut() =>
        [.. Assemblies.Select(ReadResource).OfType<byte[]>()];

    /// <summary>The assemblies as they are.</summary>
    internal static IReadOnlyList<byte[]> ReadWhole()
    {
        string folder = FindFolder(Path.GetDirectoryName(typeof(ItemCopyHost).Assembly.Location));
        return [.. Assemblies.Select(name => File.ReadAllBytes(Path.Combine(folder, $"{name}.dll")))];
    }

    internal static byte[] Pack(IReadOnlyList<byte[]> cut)
    {
        IReadOnlyList<byte[]> assemblies = cut.Count > 0 ? cut : ReadWhole();
        using MemoryStream packed = new();
        using (BrotliStream compressed = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (BinaryWriter writer = new(compressed))
        {
            writer.Write(assemblies.Count);
            foreach (byte[] assembly in assemblies)
            {
                UnoptimizedCode.Ask(assembly);
                writer.Write(assembly.Length);
                writer.Write(assembly);
            }
        }

        return packed.ToArray();
    }

    private static byte[]? ReadResource(string name)
    {
        using Stream? resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource + name);
        if (resource is null)
        {
            return null;
        }

        byte[] assembly = new byte[resource.Length];
        resource.ReadExactly(assembly);
        return assembly;
    }
}
