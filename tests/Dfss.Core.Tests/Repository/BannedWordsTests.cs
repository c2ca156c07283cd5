using System.Text.RegularExpressions;
using Xunit;

namespace Dfss.Tests.Repository;

/// <summary>
/// Names and phrases that have a better one here: the field's term for a thing, the actor in place of a pronoun. The
/// glossary in docs/architecture.md has the terms.
/// </summary>
public sealed class BannedWordsTests
{
    private static readonly Regex WordStart = new(
        "(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", RegexOptions.CultureInvariant);

    /// <summary>Which words are banned, and what to write instead.</summary>
    public static TheoryData<string, string> Rules => new()
    {
        { "Doorkeepers?", "ConnectionLimiter" },
        { "BadVisits?|Visits?|visitors?", "FailedHandshakes, CountedConnection, connection" },
        { "CertificateJudge|Judge(Client|Peer)", "CertificateValidator, Validate" },
        { "LooseEnds?|loose ends?", "AbandonedRequests, abandoned requests" },
        { "ChunkQuestions?|AskingOrder", "ChunkRequest, ReplicaOrder" },
        { "second questions?", "hedged request" },
        { "InvitationBook", "IssuanceLedger" },
        { "SharedRun", "SingleFlight" },
        { "Patience|Impatien(t|ce)", "the limit that it is: straggler grace, time limit, attempts" },
        { "Hurry|hurr(y|ies|ied)", "Abort" },
        { "Retold|isToBeTold|CallAndTellAsync|Heed|Greed|hurrying", "what the glossary or the code calls it" },
        { "zoo|animals? of the zoo", "adversarial clients" },
        { "verdicts?", "result, validation" },
        { "strangers?", "unauthenticated connection or client" },
        { "wanting", "missing" },
        { "spoil(s|ed|t|ing)?", "corrupt, or change" },
        { "mend(s|ed|ing)?", "repair, fix" },
        { "tak(e|es|en|ing) back|took back", "revoke, withdraw" },
        { @"fuses?(?![\w.""])", "fail-stop latch" },
        { "whoever|who comes|nobody|somebody|anybody|everybody",
            "the actor: client, peer, writer, reader, caller, user" },
        { "himself|he|him|his", "the actor again, or it" },
        { "for ever", "permanently, indefinitely" },
        { "anew", "again" },
        { "in vain", "without success" },
    };

    /// <summary>
    /// The lines with any banned word: with the rules one by one, all text would be searched for each.
    /// </summary>
    private static readonly Lazy<(string Path, int Number, string Text)[]> Suspects = new(() =>
    {
        Regex any = Banned(string.Join('|', Rules.Select(rule => rule.Data.Item1)), RegexOptions.Compiled);
        return
        [
            .. from path in RepositoryFiles.List(
                   "", ".cs", ".md", ".ps1", ".psm1", ".psd1", ".ps1xml", ".py", ".targets", ".txt")
               where !path.EndsWith("/BannedWordsTests.cs", StringComparison.Ordinal)
                   && !path.StartsWith("tests/Dfss.Fuzz/corpus", StringComparison.Ordinal)
               from line in RepositoryFiles.ReadLines(path).Select((text, index) => (Text: text, Number: index + 1))
               where IsIn(line.Text, any) && !IsNameOfFileSystem(line.Text)
               select (path, line.Number, line.Text),
        ];
    });

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_banned_word_is_nowhere(string words, string replacement)
    {
        Regex banned = Banned(words);
        RepositoryFiles.AssertNone(
            from line in Suspects.Value
            where IsIn(line.Text, banned)
            select $"{line.Path}:{line.Number}: {line.Text.Trim()}   Write: {replacement}.");
    }

    [Theory]
    [InlineData("wanting", "is wanting in", true)]
    [InlineData("wanting", "IsWantingNow", true)]
    [InlineData("wanting", "It_is_wanting_now", true)]
    [InlineData("second questions?", "a_second_question_is", true)]
    [InlineData("wanting", "unwantingly", false)]
    public void A_word_is_found_in_sentences_and_in_names(string words, string line, bool isFound)
    {
        Assert.Equal(isFound, IsIn(line, Banned(words)));
        Assert.Equal(isFound, IsIn(line, Banned($"anew|{words}", RegexOptions.Compiled)));
    }

    // A name of a test is a sentence of words with underscores around them, so the underscore ends a word too.
    private static Regex Banned(string words, RegexOptions options = RegexOptions.None) => new(
        $"(?<![A-Za-z0-9])({words.Replace(" ", "[ _]", StringComparison.Ordinal)})(?![A-Za-z0-9])",
        options | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static bool IsIn(string line, Regex banned) => banned.IsMatch(line) || banned.IsMatch(SplitNames(line));

    /// <summary>The words that names like <c>IsCorrupt</c> consist of.</summary>
    private static string SplitNames(string line) => WordStart.Replace(line, " ");

    private static bool IsNameOfFileSystem(string line) =>
        line.Contains("\"fuse", StringComparison.Ordinal) || line.Contains("FUSE", StringComparison.Ordinal);
}
