using System.Text;
using Xunit;
using Engine = System.Management.Automation.PowerShell;

namespace Dfss.Tests.Content;

/// <summary>Set-DfssContent, with two peers in the session.</summary>
public sealed class SetContentTests : IDisposable
{
    private static readonly string Line = Environment.NewLine;

    private readonly Session session = new();

    public SetContentTests() =>
        session.Run("$peers = foreach ($number in 1..2) { Start-DfssPeer -InMemory -Port 0 }").ThrowIfFailed();

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
    }

    [Theory]
    [InlineData("'text' | Set-DfssContent x", "text~")]
    [InlineData("'a', 'ü', $null, '', 1.5, $true | Set-DfssContent x", "a~ü~~1.5~True~")]
    [InlineData("Set-DfssContent x 'a', 'b'", "a~b~")]
    [InlineData("Set-DfssContent x -Value 'a', 'b' -NoNewline", "ab")]
    [InlineData("'' | Set-DfssContent x -NoNewline", "")]
    [InlineData("Set-DfssContent x -Value ([byte[]]::new(0)) -AsByteStream", "")]
    [InlineData(", @('a', 'b') | Set-DfssContent x", "a~b~")]
    [InlineData("[pscustomobject] @{ a = 1 } | Set-DfssContent x", "@{a=1}~")]
    [InlineData("[byte[]] (65, 66), [byte] 67 | Set-DfssContent x -AsByteStream", "ABC")]
    [InlineData("[byte[]] (65, 66) | Set-DfssContent x -AsByteStream", "AB")]
    [InlineData("Set-DfssContent x -Value ([byte[]] (65, 66)) -AsByteStream", "AB")]
    [InlineData("65, 66 | Set-DfssContent x -AsByteStream", "AB")]
    [InlineData("Set-DfssContent x -InputStream ([IO.MemoryStream]::new([byte[]] (65, 66)))", "AB")]
    public void What_is_stored_is_what_came(string script, string expected)
    {
        Assert.Empty(session.Run(script).ThrowIfFailed().Output);
        Assert.Equal(expected.Replace("~", Line, StringComparison.Ordinal), Text());
    }

    [Theory]
    [InlineData("utf8BOM")]
    [InlineData("unicode")]
    [InlineData("bigendianutf32")]
    [InlineData("latin1")]
    public void The_encoding_is_the_one_that_is_asked_for(string encoding)
    {
        session.Run($"'ä', 'b' | Set-DfssContent x -Encoding {encoding}").ThrowIfFailed();
        Assert.Equal(
            ["ä", "b"],
            session.Run($"Get-DfssContent x -Encoding {encoding}").ThrowIfFailed().Output.Select(line => $"{line}"));
        byte[] stored = [.. session.Run("Get-DfssContent x -AsByteStream").As<byte>()];
        Encoding expected =
            Dfss.Commands.EncodingArgumentAttribute.ByName.TryGetValue(encoding, out Func<Encoding>? make)
                ? make()
                : Encoding.GetEncoding(encoding);
        Assert.Equal([.. expected.Preamble, .. expected.GetBytes($"ä{Line}b{Line}")], stored);
    }

    [Fact]
    public void A_large_input_comes_back_through_the_pipeline()
    {
        byte[] content = new byte[5_000_003];
        new Random(1).NextBytes(content);
        session.Run(
            "$blocks | Set-DfssContent a -AsByteStream -ChunkSize 128KB", ("blocks", content.Chunk(100_000).ToArray()))
            .ThrowIfFailed();
        session.Run("Get-DfssContent a -AsByteStream -Raw | Set-DfssContent b -AsByteStream -ChunkSize 256KB")
            .ThrowIfFailed();
        session.Run("Get-DfssContent b -AsByteStream -Raw | Set-DfssContent c -AsByteStream -ChunkSize 128KB")
            .ThrowIfFailed();
        AssertStored(content);
    }

    [Fact]
    public void Single_bytes_of_many_chunks_come_back_through_the_pipeline()
    {
        byte[] content = new byte[400_003];
        new Random(2).NextBytes(content);
        session.Run("$blocks | Set-DfssContent a -AsByteStream -ChunkSize 64KB", ("blocks", new[] { content }))
            .ThrowIfFailed();
        session.Run("Get-DfssContent a -AsByteStream | Set-DfssContent b -AsByteStream -ChunkSize 128KB")
            .ThrowIfFailed();
        session.Run("Get-DfssContent b -AsByteStream -Raw | Set-DfssContent c -AsByteStream -ChunkSize 64KB")
            .ThrowIfFailed();
        AssertStored(content);
    }

    /// <summary>a, b and c have this content, and only b is in other chunks.</summary>
    private void AssertStored(byte[] content)
    {
        Assert.Equal(
            content, session.Run("Get-DfssContent c -AsByteStream -Raw").As<byte[]>().SelectMany(block => block));
        string[] ids = [.. session.Run("Get-DfssFileInfo a, b, c").As<DfssFileInfo>().Select(file => file.FileId)];
        Assert.Equal((ids[0], 2), (ids[2], ids.Distinct().Count()));
    }

    [Fact]
    public void An_existing_name_needs_force_and_its_versions_are_kept()
    {
        session.Run("'one' | Set-DfssContent x").ThrowIfFailed();
        Assert.Equal("FileExists", Result.IdOf(session.RunUntilError("'two' | Set-DfssContent x")));
        DfssFileInfo file = session.Run("'two' | Set-DfssContent x -Force -PassThru").As<DfssFileInfo>()[0];
        Assert.Equal(("x", 2, 2), (file.Name, file.Version, file.PresentReplicas));
        Assert.Equal("two" + Line, Text());
        session.Run("'three' | Set-DfssContent x -IfVersion 2").ThrowIfFailed();
        Assert.Equal("Conflict", Result.IdOf(session.RunUntilError("'four' | Set-DfssContent x -IfVersion 2")));
        Assert.Equal("three" + Line, Text());
    }

    [Fact]
    public void A_failure_ends_an_input_that_would_never_end()
    {
        session.Run("'one' | Set-DfssContent x").ThrowIfFailed();
        Assert.Equal(
            "FileExists",
            Result.IdOf(session.RunUntilError("& { while ($true) { 'again' } } | Set-DfssContent x")));
    }

    [Theory]
    [InlineData("& { 'a'; throw 'on purpose' } | Set-DfssContent x")]
    [InlineData("$ErrorActionPreference = 'Stop'; & { 'a'; Write-Unknown } | Set-DfssContent x")]
    [InlineData("& { foreach ($i in 1..100KB) { 'line' }; throw } | Set-DfssContent x -ChunkSize 64KB")]
    [InlineData("foreach ($i in 1) { & { 'a'; break } | Set-DfssContent x }")]
    [InlineData("'text' | Set-DfssContent x -WhatIf")]
    [InlineData("[byte] 1, 'text' | Set-DfssContent x -AsByteStream")]
    [InlineData("1, 256 | Set-DfssContent x -AsByteStream")]
    [InlineData("1, 1.5 | Set-DfssContent x -AsByteStream")]
    [InlineData("1, '65' | Set-DfssContent x -AsByteStream")]
    [InlineData("1, $true | Set-DfssContent x -AsByteStream")]
    public void Where_the_pipeline_fails_nothing_is_stored(string script)
    {
        session.Run(script);
        Assert.Empty(session.Run("Get-DfssFileInfo").ThrowIfFailed().Output);
    }

    [Theory]
    [InlineData("Set-DfssContent x $misspelt -Force")]
    [InlineData("Set-DfssContent x @() -Force")]
    [InlineData("$null, $null | Set-DfssContent x -Force")]
    [InlineData("& { } | Set-DfssContent x -Force")]
    [InlineData("Get-DfssContent none -ErrorAction Ignore | Set-DfssContent x -Force -KeepVersions 0")]
    [InlineData("& { } | Set-DfssContent x -AsByteStream -IfVersion 1")]
    [InlineData("& { } | Set-DfssContent new")]
    public void An_input_without_content_is_an_error_and_changes_nothing(string script)
    {
        session.Run("'old' | Set-DfssContent x").ThrowIfFailed();
        Assert.Equal("ContentEmpty", Result.IdOf(session.RunUntilError(script)));
        DfssFileInfo file = Assert.Single(session.Run("Get-DfssFileInfo").As<DfssFileInfo>());
        Assert.Equal(("x", 1), (file.Name, file.Version));
        Assert.Equal("old" + Line, Text());
    }

    [Theory]
    [InlineData("'a', { b }, 'c' | Set-DfssContent x")]
    [InlineData("Set-DfssContent x { b }")]
    [InlineData("Set-DfssContent x 'a', { b }")]
    [InlineData("'a', [byte[]] (1, 2), 'c' | Set-DfssContent x")]
    public void What_is_no_text_is_refused_and_nothing_is_stored(string script)
    {
        Assert.Equal("ContentNotText", Result.IdOf(session.RunUntilError(script)));
        Assert.Empty(session.Run("Get-DfssFileInfo").ThrowIfFailed().Output);
    }

    [Fact]
    public void What_is_no_byte_is_refused_and_a_line_of_a_program_is_explained()
    {
        var error = session.RunUntilError("'text' | Set-DfssContent x -AsByteStream");
        Assert.Equal("ContentNotBytes", Result.IdOf(error));
        Assert.Contains("-InputStream", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[string] [char] 0xFFFD")]
    [InlineData("\"a`0b\"")]
    public void Text_that_was_decoded_from_bytes_is_stored_with_a_warning(string text)
    {
        Result result = session.Run($"'a', ({text}), ({text}) | Set-DfssContent x").ThrowIfFailed();
        Assert.Contains("-InputStream", Assert.Single(result.Warnings), StringComparison.Ordinal);
        Assert.Empty(session.Run("'ü €' | Set-DfssContent x -Force").ThrowIfFailed().Warnings);
    }

    [Fact]
    public void One_large_object_is_stored_as_it_is()
    {
        byte[] content = new byte[(3 << 20) + 1];
        new Random(1).NextBytes(content);
        session.Run("Set-DfssContent large -Value $bytes -AsByteStream", ("bytes", content)).ThrowIfFailed();
        Assert.Equal(
            content,
            session.Run("Get-DfssContent large -AsByteStream -Raw").As<byte[]>().SelectMany(block => block));
    }

    [Fact]
    public async Task Ctrl_C_stores_nothing()
    {
        using Engine engine = session.Create();
        using ManualResetEventSlim sent = new();
        engine.AddScript("param($sent) & { 'a'; $sent.Set(); while ($true) { 'b' } } | Set-DfssContent x")
            .AddArgument(sent);
        IAsyncResult running = engine.BeginInvoke();
        Assert.True(sent.Wait(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
        await Task.Factory.FromAsync(engine.BeginStop(null, null), engine.EndStop);
        Assert.Throws<System.Management.Automation.PipelineStoppedException>(() => engine.EndInvoke(running));
        Assert.Empty(session.Run("Get-DfssFileInfo").ThrowIfFailed().Output);
    }

    [Fact]
    public void It_is_encrypted_and_its_name_is_hidden_with_a_key()
    {
        session.Run(
            """
            $key = New-DfssEncryptionKey
            'secret' | Set-DfssContent notes.txt -EncryptionKey $key -HiddenName
            """).ThrowIfFailed();
        Assert.Equal(
            "secret",
            Assert.Single(session.Run("Get-DfssContent notes.txt -EncryptionKey $key -HiddenName").Output).ToString());
        Assert.Empty(session.Run("Get-DfssFileInfo notes*").Output);
        Assert.Equal("FileNotFound", Result.IdOf(Assert.Single(session.Run("Get-DfssContent notes.txt").Errors)));
        var error = session.RunUntilError("'again' | Set-DfssContent notes.txt -EncryptionKey $key -HiddenName");
        Assert.Contains("'notes.txt'", error.ToString(), StringComparison.Ordinal);
    }

    private string Text() => Encoding.UTF8.GetString(
        [.. session.Run("Get-DfssContent x -AsByteStream").As<byte>()]);
}
