using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>
/// Names and phrases that have a better one here: the field's term for a thing, the actor in place of a pronoun. The
/// glossary in docs/architecture.md has the terms.
/// </summary>
public sealed class BannedWordsTests
{
    /// <summary>Below each folder (or of each file) which words are banned, and what to write.</summary>
    public static TheoryData<string, string, bool> Rules => new()
    {
        { "Doorkeepers?", "ConnectionLimiter", true },
        { "BadVisits?", "FailedHandshakes", true },
        { "CertificateJudge|Judge(Client|Peer)", "CertificateValidator, Validate", true },
        { "LooseEnds?|loose ends?", "AbandonedRequests, abandoned requests", true },
        { "ChunkQuestions?|AskingOrder", "ChunkRequest, ReplicaOrder", true },
        { "second questions?", "hedged request", true },
        { "InvitationBook", "IssuanceLedger", true },
        { "SharedRun", "SingleFlight", true },
        { "Retold|isToBeTold|CallAndTellAsync|Heed|Greed|hurrying|badVisits",
            "what the glossary or the code calls it", true },
        { "zoo|animals? of the zoo", "adversarial clients", true },
        { "verdicts?", "result, validation", true },
        { "strangers?", "unauthenticated connection or client", false },
        { "wanting", "missing", false },
        { "spoil(s|ed|t|ing)?", "corrupt", false },
        { "mend(s|ed|ing)?", "repair, fix", false },
        { "tak(e|es|en|ing) back|took back", "revoke, withdraw", false },
        { @"fuses?(?![\w.""])", "fail-stop latch", false },
        { "whoever|who comes|nobody|somebody|anybody|everybody",
            "the actor: client, peer, writer, reader, caller, user", false },
        { "for ever", "permanently, indefinitely", false },
        { "anew", "again", false },
        { "in vain", "without success", false },
    };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_banned_word_is_nowhere(string words, string replacement, bool isInTestsToo)
    {
        // Names of tests are in documents as Class.A_sentence; a word of them has underscores around it.
        Regex banned = new($@"\b({words})\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

        RepositoryFiles.AssertNone(
            from path in RepositoryFiles.List(
                "", ".cs", ".md", ".ps1", ".psm1", ".psd1", ".ps1xml", ".py", ".targets", ".txt")
            where !path.EndsWith("/BannedWordsTests.cs", StringComparison.Ordinal)
                && !path.StartsWith("tests/Dfss.Fuzz/corpus", StringComparison.Ordinal)
                && (isInTestsToo || !path.StartsWith("tests/", StringComparison.Ordinal))
            from line in RepositoryFiles.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
            where banned.IsMatch(line.Text) && !IsNameOfFileSystem(line.Text)
            select $"{path}:{line.Number}: {line.Text.Trim()}   Write: {replacement}.");
    }

    private static bool IsNameOfFileSystem(string line) =>
        line.Contains("\"fuse", StringComparison.Ordinal) || line.Contains("FUSE", StringComparison.Ordinal);
}
