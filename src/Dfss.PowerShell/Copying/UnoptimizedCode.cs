using System.Buffers.Binary;
using System.Diagnostics;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Dfss.Commands;

/// <summary>
/// Code of a load context that can be unloaded is compiled when it is first called, and optimized at once. For a copy
/// that lasts a second, to optimize takes longer than it gains: what is done for each byte is the runtime's own code.
/// </summary>
internal static class UnoptimizedCode
{
    /// <summary>The runtime heeds the second only with the first.</summary>
    private const DebuggableAttribute.DebuggingModes Modes =
        DebuggableAttribute.DebuggingModes.Default | DebuggableAttribute.DebuggingModes.DisableOptimizations;

    /// <summary>In a custom attribute's value, the arguments begin after a mark of 2 bytes.</summary>
    private const int MarkBytes = 2;

    private const int ValueBytes = MarkBytes + sizeof(int) + sizeof(short);

    /// <summary>
    /// Sets the modes in the assembly's DebuggableAttribute, which every compiler writes. An assembly without one stays
    /// as it is, and is optimized.
    /// </summary>
    /// <param name="assembly">The bytes of the assembly, which are changed.</param>
    public static void Ask(byte[] assembly)
    {
        using PEReader image = new(new MemoryStream(assembly));
        MetadataReader metadata = image.GetMetadataReader();
        foreach (CustomAttributeHandle handle in metadata.GetAssemblyDefinition().GetCustomAttributes())
        {
            CustomAttribute attribute = metadata.GetCustomAttribute(handle);
            if (NameOf(metadata, attribute) == nameof(DebuggableAttribute)
                && metadata.GetBlobReader(attribute.Value).Length == ValueBytes)
            {
                // The length of the value, of 1 byte, is before it.
                int start = image.PEHeaders.MetadataStartOffset + metadata.GetHeapMetadataOffset(HeapIndex.Blob)
                    + MetadataTokens.GetHeapOffset(attribute.Value) + 1;
                Span<byte> value = assembly.AsSpan(start + MarkBytes, sizeof(int));
                BinaryPrimitives.WriteInt32LittleEndian(
                    value, BinaryPrimitives.ReadInt32LittleEndian(value) | (int)Modes);
            }
        }
    }

    private static string? NameOf(MetadataReader metadata, CustomAttribute attribute) =>
        attribute.Constructor.Kind == HandleKind.MemberReference
            && metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent is
                { Kind: HandleKind.TypeReference } parent
            ? metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)parent).Name)
            : null;
}
