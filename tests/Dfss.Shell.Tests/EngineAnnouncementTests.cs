using System.Text.Json;

namespace Dfss.Shell.Tests;

/// <summary>What the process of a detached peer on an engine announces to its starter.</summary>
public sealed class EngineAnnouncementTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dfss-shell-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Credentials_that_its_process_does_not_find_are_an_announced_error()
    {
        Dictionary<string, string> nothing = new()
        {
            ["HOME"] = _folder,
            ["USERPROFILE"] = _folder,
            ["AWS_ACCESS_KEY_ID"] = string.Empty,
            ["AWS_SECRET_ACCESS_KEY"] = string.Empty,
            ["AWS_PROFILE"] = string.Empty,
            ["AWS_CONFIG_FILE"] = string.Empty,
            ["AWS_SHARED_CREDENTIALS_FILE"] = string.Empty,
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = string.Empty,
            ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = string.Empty,
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = string.Empty,
            ["AWS_EC2_METADATA_DISABLED"] = "true",
        };
        ShellResult result = await ShellProcess.RunAsync(
            string.Empty,
            ["-Command", "Start-DfssPeer -Announce -Confirm:$false -Port 0 -Cluster '' "
                + "-Store 's3://bucket?endpoint=http://127.0.0.1:1'"],
            nothing);

        string line = Assert.Single(
            result.OutputLines, text => text.StartsWith("{\"Prefix\":\"dfss-peer\"", StringComparison.Ordinal));
        using JsonDocument announcement = JsonDocument.Parse(line);
        Assert.Equal(5, announcement.RootElement.GetProperty("Error").GetInt32());
        Assert.Contains(
            "The AWS SDK found no credentials", announcement.RootElement.GetProperty("Message").GetString(),
            StringComparison.Ordinal);
        Assert.Contains(
            "-Credential", announcement.RootElement.GetProperty("Advice").GetString(), StringComparison.Ordinal);
    }
}
