using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Files;

/// <summary>Where Receive-DfssFile puts the files of a tree.</summary>
public sealed class ReceiveTreeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Session session = new();

    public ReceiveTreeTests()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder.Path);
        session.Run("$peer = Start-DfssPeer -InMemory -Port 0").ThrowIfFailed();
        foreach (string name in new[] { "p/a", "p/b/c", "p/b/d/e", "q/a", "r", "r/s" })
        {
            Store(name);
        }

        Directory.CreateDirectory(folder["x"]);
    }

    public void Dispose()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("Receive-DfssFile p/* x", "p/a p/b/c p/b/d/e")]
    [InlineData("Receive-DfssFile p/* x -RelativeTo p", "a b/c b/d/e")]
    [InlineData("Receive-DfssFile p/* x -RelativeTo p/", "a b/c b/d/e")]
    [InlineData("Receive-DfssFile p/b/* x/new -RelativeTo p/b", "new/c new/d/e")]
    [InlineData("Receive-DfssFile p/b/* x/new -Flatten", "new/c new/e")]
    [InlineData("Receive-DfssFile -LiteralName p/b/c, r x -Flatten", "c r")]
    [InlineData("Get-DfssFileInfo p/* | Receive-DfssFile -Destination x -RelativeTo p", "a b/c b/d/e")]
    [InlineData("Get-DfssFileInfo p/* | Receive-DfssFile -Destination x -Flatten", "a c e")]
    [InlineData(
        "Get-DfssFileInfo p/* | Receive-DfssFile -Destination { \"x/$($_.Version)/\" } -Flatten", "1/a 1/c 1/e")]
    [InlineData("Receive-DfssFile p/*, q/* x -RelativeTo p", "a b/c b/d/e", "NameOutsideRelativeTo")]
    [InlineData("Receive-DfssFile pp/*, p/a x -RelativeTo p", "a")]
    public void Names_become_paths_by_the_rule(string script, string paths, string? error = null)
    {
        Result result = Run(script);
        Assert.Null(result.Ending);
        Assert.Equal(error is null ? [] : [error], result.Errors.Select(Result.IdOf));
        Assert.Equal(paths, Received());
        Assert.Equal(paths.Split(' ').Length, result.Output.Count);
    }

    [Theory]
    [InlineData("Receive-DfssFile p/a, q/a, p/b/c x -Flatten", "DestinationExists")]
    [InlineData("Get-DfssFileInfo */a, p/b/c | Receive-DfssFile -Destination x -Flatten", "DestinationExists")]
    [InlineData("Receive-DfssFile r*, p/a x", "DestinationExists")]
    [InlineData("Receive-DfssFile p/* x/file -RelativeTo p", "DestinationUnwritable", 3)]
    [InlineData("Receive-DfssFile q/*, p/b/* x", "DestinationUnwritable", 1)]
    public void A_clash_is_an_error_and_nothing_is_received(string script, string id, int count = 1)
    {
        File.WriteAllText(folder["x", "file"], "mine");
        File.WriteAllText(folder["x", "q"], "mine");
        Result result = Run(script);
        Assert.Null(result.Ending);
        Assert.Equal(Enumerable.Repeat(id, count), result.Errors.Select(Result.IdOf));
        Assert.All(result.Errors, error => Assert.Contains(
            "Nothing was received.", error.ErrorDetails.Message, StringComparison.Ordinal));
        Assert.Empty(result.Output);
        Assert.Equal("file q", Received());
    }

    [Fact]
    public void WhatIf_notices_a_clash_and_writes_nothing()
    {
        Result result = Run("Receive-DfssFile p/a, q/a x -Flatten -WhatIf");
        Assert.Equal("DestinationExists", Result.IdOf(Assert.Single(result.Errors)));
        Assert.Equal(string.Empty, Received());
    }

    [Theory]
    [InlineData("Receive-DfssFile p/* x -RelativeTo p -Flatten", "FlattenAndRelativeTo")]
    [InlineData("Receive-DfssFile p/* x -RelativeTo ../p", "InvalidName")]
    public void What_cannot_succeed_ends_the_command(string script, string id) =>
        Assert.Equal(id, Result.IdOf(session.RunUntilError($"{script} -Peer $peer")));

    private Result Run(string script) => session.Run(
        script.Replace("-DfssFileInfo ", "-DfssFileInfo -Peer $peer ", StringComparison.Ordinal)
            .Replace("Receive-DfssFile ", "Receive-DfssFile -Peer $peer ", StringComparison.Ordinal));

    private void Store(string name)
    {
        File.WriteAllText(folder["source"], name);
        session.Run("Send-DfssFile source $name -Peer $peer", ("name", name)).ThrowIfFailed();
    }

    private string Received() => string.Join(
        ' ', Directory.EnumerateFiles(folder["x"], "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder["x"], path).Replace('\\', '/')).Order(StringComparer.Ordinal));
}
