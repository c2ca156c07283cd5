using System.Management.Automation;
using System.Text;
using Xunit;

namespace Dfss.Tests.Content;

/// <summary>Get-DfssContent and Open-DfssFile, with two peers in the session.</summary>
public sealed class GetContentTests : IDisposable
{
    private const int Length = 1_000_003;

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();
    private readonly byte[] content = Make();

    public GetContentTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        session.Run("$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }").ThrowIfFailed();
        File.WriteAllBytes(Path.Combine(folder, "large"), content);
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "one\r\ntwo ü\nthree");
        File.WriteAllText(Path.Combine(folder, "[1].txt"), "1");
        session.Run("$null = Send-DfssFile -LiteralPath large, notes.txt, [1].txt -ChunkSize 128KB").ThrowIfFailed();
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("Get-DfssContent notes.txt", "one|two ü|three")]
    [InlineData("Get-DfssContent notes.txt -TotalCount 2", "one|two ü")]
    [InlineData("Get-DfssContent notes.txt -Head 0", "")]
    [InlineData("Get-DfssContent notes.txt -Tail 2", "two ü|three")]
    [InlineData("Get-DfssContent notes.txt -Raw", "one\r\ntwo ü\nthree")]
    [InlineData("Get-DfssContent notes.txt -Offset 5 -Count 3", "two")]
    [InlineData("Get-DfssContent notes.txt -Count 9 -Tail 1", "two ")]
    [InlineData("Get-DfssContent notes.txt -Offset 99", "")]
    [InlineData("Get-DfssContent notes.txt -Encoding latin1 -Count 11 -Tail 1", "two Ã¼")]
    [InlineData("Get-DfssContent -LiteralName [1].txt", "1")]
    [InlineData("Get-DfssContent *.txt -Count 3", "1|one")]
    [InlineData("Get-DfssFileInfo n* | Get-DfssContent -TotalCount 1", "one")]
    [InlineData("'notes.txt' | Get-DfssContent -Tail 1", "three")]
    [InlineData("(Get-DfssContent notes.txt -AsByteStream -Count 3) -join ','", "111,110,101")]
    [InlineData("(Get-DfssContent notes.txt -AsByteStream -Tail 2) -join ','", "101,101")]
    [InlineData("(Get-DfssContent notes.txt -AsByteStream -TotalCount 2 -Raw).GetType().Name", "Byte[]")]
    [InlineData("@(Get-DfssContent notes.txt -AsByteStream)[0].GetType().Name", "Byte")]
    public void It_gives_the_text_or_the_bytes_that_are_asked_for(string script, string expected) =>
        Assert.Equal(expected, string.Join('|', session.Run(script).ThrowIfFailed().Output));

    [Fact]
    public void All_bytes_of_a_large_file_come_in_small_blocks()
    {
        IReadOnlyList<byte[]> blocks = session.Run("Get-DfssContent large -AsByteStream -Raw").As<byte[]>();
        Assert.Equal(content, blocks.SelectMany(block => block));
        Assert.All(blocks, block => Assert.InRange(block.Length, 1, 64 << 10));
        Assert.Equal(content, session.Run("Get-DfssContent large -AsByteStream").As<byte>());
    }

    [Fact]
    public void An_early_end_downstream_ends_it()
    {
        Result result = session.Run(
            "foreach ($i in 1) { Get-DfssContent large -AsByteStream | ForEach-Object { $_; break } }");
        Assert.Equal([content[0]], result.As<byte>());
    }

    [Fact]
    public void A_version_that_is_kept_is_read_and_one_that_is_not_is_an_error_while_others_are_read()
    {
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "new");
        session.Run("$null = Send-DfssFile notes.txt -Force").ThrowIfFailed();
        Assert.Equal("new", Assert.Single(session.Run("Get-DfssContent notes.txt").ThrowIfFailed().Output).ToString());

        Result result = session.Run("Get-DfssContent *.txt -Version 2; Get-DfssContent notes.txt -Version 1 -Head 1");
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(["new", "one"], result.Output.Select(line => line.ToString()));
    }

    [Theory]
    [InlineData("Get-DfssContent notes.txt -Tail 1 -TotalCount 1")]
    [InlineData("Get-DfssContent notes.txt -Raw -Tail 1")]
    public void What_excludes_another_is_refused(string script) =>
        Assert.Equal("ContentPartAmbiguous", Result.IdOf(session.RunUntilError(script)));

    [Theory]
    [InlineData("Get-DfssContent notes.txt -Encoding nothing")]
    [InlineData("Get-DfssContent notes.txt -Encoding { utf8 }")]
    public void What_is_no_encoding_is_refused(string script) =>
        Assert.Equal("ParameterArgumentTransformationError", Result.IdOf(session.RunUntilError(script)));

    [Fact]
    public void A_name_that_is_not_there_is_an_error_and_the_others_are_read()
    {
        Result result = session.Run("Get-DfssContent Notes.txt, notes.txt -Head 1");
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal("FileNotFound", Result.IdOf(error));
        Assert.Contains("'notes.txt'", error.ToString(), StringComparison.Ordinal);
        Assert.Equal("one", Assert.Single(result.Output).ToString());
    }

    [Fact]
    public void An_encrypted_file_needs_its_key()
    {
        session.Run("$key = New-DfssEncryptionKey; $null = Send-DfssFile notes.txt -Name s -EncryptionKey $key")
            .ThrowIfFailed();
        Result result = session.Run("Get-DfssContent s; Get-DfssContent s -EncryptionKey $key -Tail 1");
        Assert.Equal("KeyRequired", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal("three", Assert.Single(result.Output).ToString());
        session.Run("$opened = Open-DfssFile s -EncryptionKey $key").ThrowIfFailed();
        using Stream stream = Opened();
        Assert.Equal("one\r\ntwo ü\nthree", new StreamReader(stream, Encoding.UTF8).ReadToEnd());
    }

    [Fact]
    public void An_opened_file_outlives_the_command_and_stays_at_its_version()
    {
        session.Run("$opened = Get-DfssFileInfo large | Open-DfssFile").ThrowIfFailed();
        File.WriteAllText(Path.Combine(folder, "large"), "new");
        session.Run("$null = Send-DfssFile large -Force").ThrowIfFailed();
        using Stream stream = Opened();
        stream.Position = Length - 10;
        byte[] last = new byte[10];
        stream.ReadExactly(last);
        Assert.Equal(content[^10..], last);
        Assert.Equal(Length, stream.Length);
    }

    [Fact]
    public void A_file_that_cannot_be_opened_is_an_error_and_the_others_are_opened()
    {
        Result result = session.Run("Open-DfssFile none, large | ForEach-Object { $_.Length; $_.Dispose() }");
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal((long)Length, Assert.Single(result.Output).BaseObject);
    }

    private Stream Opened() => session.Run("$opened").As<Stream>()[0];

    private static byte[] Make()
    {
        byte[] content = new byte[Length];
        new Random(1).NextBytes(content);
        return content;
    }
}
