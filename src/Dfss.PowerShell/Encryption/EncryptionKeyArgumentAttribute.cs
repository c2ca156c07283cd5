using System.Collections;
using System.Management.Automation;
using System.Security;
using Dfss.Encryption;

namespace Dfss.Commands;

/// <summary>
/// Accepts encryption keys as objects, as SecureStrings, as 32 bytes, and as paths of files, which are read when all
/// parameters are bound. A key's text in an ordinary string is refused: it would be in histories and logs.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EncryptionKeyArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>Whether several are accepted.</summary>
    public bool IsList { get; init; }

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        var sources = new List<DfssEncryptionKeySource>();
        Add(inputData, sources);
        return IsList ? sources.ToArray() : sources.Count switch
        {
            0 => null,
            1 => sources[0],
            _ => throw new ArgumentTransformationMetadataException(
                "This parameter takes one key, and several are given."),
        };
    }

    private static void Add(object? item, List<DfssEncryptionKeySource> sources)
    {
        TextArgumentAttribute.RefuseScriptBlock(item);
        switch (item is PSObject wrapped ? wrapped.BaseObject : item)
        {
            case null:
                break;
            case DfssEncryptionKeySource source:
                sources.Add(source);
                break;
            case DfssEncryptionKey key:
                sources.Add(new DfssEncryptionKeySource(key));
                break;
            case SecureString secret:
                sources.Add(new DfssEncryptionKeySource(secret));
                break;
            case byte[] bytes:
                sources.Add(FromBytes(bytes));
                break;
            case FileInfo file:
                sources.Add(new DfssEncryptionKeySource(file.FullName));
                break;
            case string text:
                sources.Add(FromText(text));
                break;
            case IEnumerable many and not IDictionary:
                foreach (object? one in many)
                {
                    Add(one, sources);
                }

                break;
            case object other:
                throw new ArgumentTransformationMetadataException(
                    $"A {other.GetType().Name} is not an encryption key. Give an object of New-DfssEncryptionKey, a "
                    + "SecureString, or the path of "
                    + "the key's file.");
        }
    }

    private static DfssEncryptionKeySource FromBytes(byte[] bytes) => bytes.Length == EncryptionKey.SizeBytes
        ? new DfssEncryptionKeySource(new DfssEncryptionKey(new EncryptionKey(bytes), path: null))
        : throw new ArgumentTransformationMetadataException(
            $"An encryption key has {EncryptionKey.SizeBytes} bytes, and {bytes.Length} are given.");

    private static DfssEncryptionKeySource FromText(string text) =>
        text.TrimStart().StartsWith(EncryptionKey.TextPrefix, StringComparison.Ordinal)
            ? throw new ArgumentTransformationMetadataException(
                "That is the text of a key, which would stay in histories and logs. Give the path of a file that has "
                    + "it, or a SecureString.")
            : new DfssEncryptionKeySource(text);
}
