using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using Dfss.Transfer;

namespace Dfss.Commands;

/// <summary>
/// The assemblies that the other side of a copy needs, in one compressed array: the number of assemblies, then each
/// with its length before it, the one with the host last. They are IL, so every platform runs them.
/// </summary>
internal static class CarriedCode
{
    /// <summary>Without a store on disk, nothing of SQLite is used, and without retries nothing of Polly.</summary>
    private static readonly string[] Assemblies =
        ["Microsoft.NET.StringTools", "MessagePack.Annotations", "MessagePack", "Dfss.Core"];

    private static readonly Lazy<byte[]> Packed = new(Pack);

    private static readonly Lazy<string> Named = new(
        () => $"Dfss copy {Convert.ToHexStringLower(SHA256.HashData(Bytes))}");

    /// <summary>The bytes.</summary>
    internal static byte[] Bytes => Packed.Value;

    /// <summary>
    /// The name of the load context at the other side. It has the hash of these bytes, so that only the same build uses
    /// it again.
    /// </summary>
    internal static string ContextName => Named.Value;

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

    private static byte[] Pack()
    {
        string folder = FindFolder(Path.GetDirectoryName(typeof(ItemCopyHost).Assembly.Location));
        using MemoryStream packed = new();
        using (BrotliStream compressed = new(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (BinaryWriter writer = new(compressed))
        {
            writer.Write(Assemblies.Length);
            foreach (string name in Assemblies)
            {
                byte[] assembly = File.ReadAllBytes(Path.Combine(folder, $"{name}.dll"));
                writer.Write(assembly.Length);
                writer.Write(assembly);
            }
        }

        return packed.ToArray();
    }
}
