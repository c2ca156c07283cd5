using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>Calls that have a better one here. The message says which.</summary>
public sealed class BannedCallsTests
{
    private const string Production = "src";
    private const string Core = "src/Dfss.Core";
    private const string Everywhere = "";
    private const string Private = "OwnerOnly: what it makes is private whatever the umask";
    private const string Makes = "Storage/Disk/OwnerOnly";

    /// <summary>
    /// What is banned, below which folder, what to use instead, and the files (by part of their path) that are that
    /// instead.
    /// </summary>
    public static TheoryData<string, string, string, string[]> Rules => new()
    {
        { @"(Async\([^;]*\)|\b[Tt]ask)\.Result\b", Production, "await", [] },
        { @"(Async\([^;]*\)|\b[Tt]ask)\.Wait\(", Production, "await", [] },
        { @"\.GetResult\(", Production,
            "await; only PipelineBridge, the synchronous calls of a stream, and those of a session's script, "
                + "join threads",
            ["PipelineBridge", "Reading/StoredFileStream", "Copying/ItemCopyHost"] },
        { @"\b(DateTime|DateTimeOffset)\.(Now|UtcNow|Today)\b", Production, "TimeProvider", [] },
        { @"\bConsole\.", Core, "PeerOptions.Log, or an exception", [] },
        { @"\bConsole\.", "src/Dfss.PowerShell", "the streams of the cmdlet", ["Peers/DetachedPeerProcess"] },
        // A former log need not survive a power cut.
        { @"\bFile\.(Move|Replace)\(", Production, "DurableFile", ["Storage/Disk/DurableFile", "Peers/PeerLog"] },
        { @"\b(fsync|fdatasync|FlushFileBuffers|FlushToDisk)\(|\.Flush\(\s*(flushToDisk:\s*)?true", Production,
            "DurableFile", ["Storage/Disk/DurableFile"] },
        { @"(?<!OwnerOnly\.Open.*)FileMode\.(Create|CreateNew|OpenOrCreate|Append)\b|\bUnixCreateMode\b", Core,
            Private, [Makes] },
        // A folder of a copy is the user's, as the files in it are.
        { @"\bDirectory\.CreateDirectory\(|\bFile\.(Create|Write|Append|Copy)\w*\(", Core, Private,
            [Makes, "Copying/LocalItemTarget"] },
        { @"\bMessagePackSerializer\b", Production,
            "MessageCodec or RecordCodec: fields by hand, no types from the wire", [] },
        { @"\bMessagePack(Reader|Writer)\b", Production, "MessageCodec or RecordCodec",
            ["Protocol/MessageCodec", "Records/RecordCodec"] },
        { @"\bnew Random\b", Core, "RandomNumberGenerator for ids, Random.Shared for jitter, or a seed handed in", [] },
        { @"\bRandom\.Shared\b|\bnew Random\(\)|\bRandom \w+ = new\(\)|\bTickCount\b", "tests",
            "FaultSeed.Take, which prints the seed", ["Faults/FaultSeed"] },
        { @"\bThread\.Sleep\(", Everywhere, "an event, or TimeProvider", [] },
        { @"\bTask\.Delay\(\s*\d", Production, "an event, or TimeProvider", [] },
        { @"\bBinaryFormatter\b|\bTypelessContractless", Everywhere, "a codec of our own", [] },
        { @"\.ConfigureAwait\(true\)", Core, "ConfigureAwait(false)", [] },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_banned_call_is_nowhere(string pattern, string folder, string replacement, string[] allowed)
    {
        IEnumerable<string> found =
            from path in RepositoryFiles.List(folder, ".cs")
            where !allowed.Any(part => path.Contains(part, StringComparison.Ordinal))
                && !path.Contains("/Repository/", StringComparison.Ordinal)
            from line in RepositoryFiles.ReadCode(path)
            where Regex.IsMatch(line.Code, pattern)
            select $"{path}:{line.Number}: {line.Code}   Use {replacement}.";

        RepositoryFiles.AssertNone(found);
    }

    [Fact]
    public void Nothing_is_left_for_later_in_a_comment()
    {
        string[] marks = ["TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X"];

        IEnumerable<string> found =
            from path in RepositoryFiles.List(
                Everywhere, ".cs", ".ps1", ".psm1", ".psd1", ".csproj", ".props", ".targets")
            from line in RepositoryFiles.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
            where marks.Any(mark => Regex.IsMatch(line.Text, $@"\b{mark}\b"))
            select $"{path}:{line.Number}: {line.Text.Trim()}   Do it, or open an issue.";

        RepositoryFiles.AssertNone(found);
    }
}
