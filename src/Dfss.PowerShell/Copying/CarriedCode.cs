using System.IO.Compression;
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

    /// <summary>The bytes.</summary>
    internal static byte[] Bytes => Packed.Value;

    private static byte[] Pack()
    {
        string folder = FindFolder();
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

    /// <summary>
    /// The module's lib folder: an assembly with machine code for this platform is in a folder below it.
    /// </summary>
    private static string FindFolder()
    {
        string? folder = Path.GetDirectoryName(typeof(ItemCopyHost).Assembly.Location);
        while (folder is not null && !File.Exists(Path.Combine(folder, "MessagePack.Annotations.dll")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The module's folder has not all of its files.");
    }
}
