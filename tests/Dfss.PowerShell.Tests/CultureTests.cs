using System.Globalization;
using Xunit;

namespace Dfss.Tests;

/// <summary>
/// The same results whatever the user's culture: Turkish i, a decimal comma, other calendars. Each case is one session
/// with a store on disk that the next culture's session opens again.
/// </summary>
public sealed class CultureTests : IDisposable
{
    /// <summary>Dotted and dotless i: lower-cased by Turkish rules, 'TITLE.I' would be 'tıtle.ı'.</summary>
    private static readonly string[] Names = ["INFO.TXT", "info.txt", "İstanbul ı.bin"];

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;

    public CultureTests()
    {
        foreach (string name in Names)
        {
            string path = Directory.CreateDirectory(Path.Combine(folder, $"in{Array.IndexOf(Names, name)}")).FullName;
            File.WriteAllText(Path.Combine(path, name), name);
            File.SetLastWriteTimeUtc(Path.Combine(path, name), new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc));
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("tr-TR", "en-US")]
    [InlineData("de-DE", "tr-TR")]
    [InlineData("ar-SA", "de-DE")]
    [InlineData("fa-IR", "ar-SA")]
    [InlineData("th-TH", "fa-IR")]
    public void Files_sent_under_one_culture_come_back_under_another(string sender, string receiver)
    {
        Assert.SkipUnless(
            CultureInfo.GetCultureInfo("tr-TR").TextInfo.ToUpper('i') == 'İ', "This process has no cultures (no ICU).");
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            Assert.Equal("1.0 MB 2024-02-29", Send(sender));
            Receive(receiver);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private string Send(string culture)
    {
        using Session session = Open(culture);
        IReadOnlyList<DfssFileInfo> sent = session.Run(
            $$"""
            foreach ($file in [System.IO.Directory]::GetFiles('{{folder}}', '*.*', 'AllDirectories')) {
                if ($file -notmatch 'store') {
                    Send-DfssFile -LiteralPath $file -Peer "LOCALHOST:$($peer.Port)" -ChunkSize 64KB
                }
            }
            """).As<DfssFileInfo>();
        Assert.Equal(Names.Order(StringComparer.Ordinal), sent.Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.All(sent, file => Assert.Equal(1, file.Chunks));

        // As a view shows them.
        string shown = (string)session.Run(
            $$"""
            "$([Dfss.ByteSize]::ToText(1MB)) $((Get-DfssFileInfo INFO.TXT -Peer $peer).LastWriteTime.ToString(
                'yyyy-MM-dd', [cultureinfo]::InvariantCulture))"
            """).Output[0].BaseObject;
        session.Run("$peer | Stop-DfssPeer").ThrowIfFailed();
        return shown;
    }

    private void Receive(string culture)
    {
        using Session session = Open(culture);

        // Case-sensitive, by ordinal rules: not one that another culture's case rules would find.
        Assert.Equal(["INFO.TXT"], Received(session, "I*"));
        Assert.Equal(["info.txt"], Received(session, "[h-j]*"));
        Assert.Equal(["İstanbul ı.bin"], Received(session, "İ*"));
        Assert.All(Names, name =>
        {
            string path = Path.Combine(folder, "out", name);
            Assert.Equal(name, File.ReadAllText(path));
            Assert.Equal(new DateTime(2024, 2, 29, 12, 34, 56, DateTimeKind.Utc), File.GetLastWriteTimeUtc(path));
        });
        session.Run("$peer | Stop-DfssPeer").ThrowIfFailed();
    }

    private string[] Received(Session session, string pattern) =>
    [
        .. session.Run($"Receive-DfssFile '{pattern}' -Peer $peer -Destination '{folder}/out/' -Force").As<FileInfo>()
            .Select(file => file.Name),
    ];

    private Session Open(string culture)
    {
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        var session = new Session();
        Assert.Equal(culture, session.Run("[cultureinfo]::CurrentCulture.Name").Output[0].BaseObject);
        session.Run($"$peer = Start-DfssPeer '{folder}/store' -Port 0").ThrowIfFailed();
        return session;
    }
}
