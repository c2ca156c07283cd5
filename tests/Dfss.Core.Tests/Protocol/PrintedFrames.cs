using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Dfss.Protocol;
using Dfss.Tests.Repository;

namespace Dfss.Tests.Protocol;

/// <summary>
/// The frames printed in docs/protocol.md, whatever is printed there: a new one is tested without a change here.
/// </summary>
internal static partial class PrintedFrames
{
    /// <summary>Every hex block of the document that is a frame (and not an item of one), by its name.</summary>
    public static IReadOnlyDictionary<string, byte[]> All { get; } = HexBlock()
        .Matches(RepositoryFiles.ReadText("docs/protocol.md").ReplaceLineEndings("\n"))
        .Select(
            match => (Name: match.Groups["name"].Value,
                Bytes: Convert.FromHexString(Blank().Replace(match.Groups["hex"].Value, ""))))
        .Where(block => IsFrame(block.Bytes))
        .ToDictionary(block => block.Name, block => block.Bytes, StringComparer.Ordinal);

    private static bool IsFrame(byte[] bytes) =>
        BinaryPrimitives.ReadUInt32BigEndian(bytes) == bytes.Length - Frame.PrefixBytes;

    [GeneratedRegex("```hex (?<name>[\\w-]+)[^\n]*\n(?<hex>[0-9a-fA-F\\s]*?)```")]
    private static partial Regex HexBlock();

    [GeneratedRegex("\\s+")]
    private static partial Regex Blank();
}
