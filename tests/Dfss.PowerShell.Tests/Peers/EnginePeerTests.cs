using System.Management.Automation;
using System.Security;
using Dfss.Commands;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Start-DfssPeer -Store, over the fake engine.</summary>
public sealed class EnginePeerTests : IAsyncLifetime
{
    private const string Secret = "the secret of the fake";

    private readonly string folder = Directory.CreateTempSubdirectory("dfss-test-").FullName;
    private readonly Session session = new();
    private FakeS3 fake = new();

    public ValueTask InitializeAsync()
    {
        session.Runspace.SessionStateProxy.Path.SetLocation(folder);
        Use(FakeS3.AccessKey);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        session.Run("Get-Module | ForEach-Object { Remove-Module $_ }");
        session.Dispose();
        await fake.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Two_peers_on_one_bucket_serve_the_same_files()
    {
        // Three chunks that differ: of equal ones that are put at once there may be two objects.
        byte[] content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        File.WriteAllBytes(Path.Combine(folder, "a.bin"), content);
        File.WriteAllText(Path.Combine(folder, "b.txt"), "before");
        Result result = session.Run(
            """
            $peers = 1..2 | ForEach-Object { Start-DfssPeer -Store $store -Credential $credential -Port 0 }
            Send-DfssFile a.bin, b.txt -Peer $peers | Out-Null
            Receive-DfssFile a.bin -Peer $peers[1] -Destination received.bin | Out-Null
            (Get-DfssFileInfo -Peer $peers[1]).Name
            Remove-DfssFile a.bin -Peer $peers[1] -Confirm:$false
            (Get-DfssFileInfo -Peer $peers[0]).Name
            Optimize-DfssStore $peers[0] -GracePeriod 0 -Confirm:$false | ForEach-Object DeletedChunks
            (Get-DfssPeer -Peer $peers[0]).Chunks
            Receive-DfssFile b.txt -Peer $peers -Destination b.out | Out-Null
            $peers[0].StoreId -eq $peers[1].StoreId
            """);
        Assert.Equal(["a.bin", "b.txt", "b.txt", 4L, 2L, true], result.As<object>());
        Assert.Empty(result.Warnings);
        Assert.Equal(content, File.ReadAllBytes(Path.Combine(folder, "received.bin")));
        Assert.Equal("before", File.ReadAllText(Path.Combine(folder, "b.out")));
    }

    [Fact]
    public void Of_peers_with_one_advertised_address_the_one_at_the_port_is_stopped()
    {
        Result result = session.Run(
            """
            $peers = 1..2 | ForEach-Object {
                Start-DfssPeer -Store $store -Credential $credential -Port 0 -AdvertisedAddress localhost:9
            }
            (Get-DfssPeer -Peer "localhost:$($peers[1].Port)").Id -eq $peers[1].Id
            Stop-DfssPeer -Peer "localhost:$($peers[1].Port)"
            (Get-DfssPeer -Peer "localhost:$($peers[0].Port)").Id -eq $peers[0].Id
            """);
        Assert.Equal([true, true], result.As<bool>());
    }

    [Fact]
    public void The_peer_shows_the_address_of_its_store_and_no_credentials()
    {
        Result result = session.Run(
            """
            $peer = Start-DfssPeer -Store $store -Credential $credential -Port 0 -Verbose
            $peer.StorePath
            (Get-DfssPeer -Peer $peer).StorePath
            (Get-DfssPeer -Peer $peer).Scrub
            $peer.PSObject.Properties | ForEach-Object { "$($_.Name) $($_.Value)" }
            """);
        string[] shown = [.. result.ThrowIfFailed().Output.Select(item => $"{item}")];
        string address = $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}";
        Assert.Equal([address, address, "Off"], shown[..3]);
        Assert.All(
            shown.Concat(result.Verbose), text => Assert.DoesNotContain(Secret, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(FakeS3Quirk.IgnoresCondition, "8 succeeded")]
    [InlineData(FakeS3Quirk.ListsLate, "listing")]
    public async Task An_engine_that_fails_the_probe_is_refused_with_what_was_seen(FakeS3Quirk quirk, string seen)
    {
        await fake.DisposeAsync();
        fake = new FakeS3(quirk);
        Use(FakeS3.AccessKey);
        ErrorRecord refused = session.RunUntilError("Start-DfssPeer -Store $store -Credential $credential -Port 0");
        Assert.Equal("StoreFailed", Result.IdOf(refused));
        Assert.Contains(seen, refused.Exception.Message, StringComparison.Ordinal);
        // Other tests of this process have peers of their own meanwhile.
        string address = $"{session.Runspace.SessionStateProxy.GetVariable("store")}";
        Assert.DoesNotContain(SessionPeers.List(), peer => peer.StorePath == address);
    }

    [Fact]
    public void Wrong_credentials_are_an_error_that_does_not_show_them()
    {
        Use("unknown");
        ErrorRecord refused = session.RunUntilError("Start-DfssPeer -Store $store -Credential $credential -Port 0");
        Assert.Equal("StoreFailed", Result.IdOf(refused));
        Assert.Contains("Check the credentials", refused.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, $"{refused.Exception}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Start-DfssPeer -Store ./folder -Port 0")]
    [InlineData("Start-DfssPeer $store -Port 0")]
    [InlineData("Start-DfssPeer -Store 's3://bucket?secret=a' -Port 0")]
    [InlineData("Start-DfssPeer -Store $store -Credential ([pscredential]::Empty) -Port 0")]
    public void A_store_or_a_credential_that_is_none_is_an_invalid_argument(string command) =>
        Assert.Equal("InvalidArgument", Result.IdOf(session.RunUntilError(command)));

    [Theory]
    [InlineData("s3://key:hunter2@bucket")]
    [InlineData("s3://bucket?secret=hunter2")]
    [InlineData("s3://bucket?endpoint=http://key:hunter2@host")]
    [InlineData("s3://bucket?endpoint=http://host?key=hunter2")]
    public void A_secret_in_an_address_is_refused_and_not_shown(string address)
    {
        ErrorRecord refused = session.RunUntilError($"Start-DfssPeer -Store '{address}' -Port 0");
        Assert.Equal("InvalidArgument", Result.IdOf(refused));
        string shown = $"{refused.Exception} {refused.TargetObject} {refused.ErrorDetails} {refused.CategoryInfo}";
        Assert.DoesNotContain("hunter2", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Start-DfssPeer -Store $store -Quota 1GB")]
    [InlineData("Start-DfssPeer -Store $store -StorePath ./folder")]
    [InlineData("Start-DfssPeer -Store $store -Issuer")]
    public void What_such_a_store_does_not_have_cannot_be_given(string command) => Assert.Equal(
        "AmbiguousParameterSet", Result.IdOf(session.RunUntilError(command)));

    [Fact]
    public void WhatIf_names_the_store_and_asks_the_engine_for_nothing()
    {
        Result result = session.Run("Start-DfssPeer -Store $store -Credential $credential -WhatIf");
        Assert.Empty(result.ThrowIfFailed().Output);
        Assert.Equal(0, fake.Requests);
    }

    [Fact]
    public async Task Credentials_reach_the_process_of_a_detached_peer_by_its_pipe()
    {
        await using var handover = IdentityHandover.Create(new PeerIdentity(
            Identity: null, Origin: null, Issuer: null, new System.Net.NetworkCredential("key", Secret)));
        Task giving = handover.GiveAsync(TestContext.Current.CancellationToken);
        PeerIdentity taken = await IdentityHandover.TakeAsync(
            handover.PipeName, TestContext.Current.CancellationToken);
        await giving;
        Assert.Null(taken.Identity);
        Assert.Equal(("key", Secret), (taken.Engine!.UserName, taken.Engine.Password));
        Assert.DoesNotContain(Secret, taken.ToString(), StringComparison.Ordinal);
    }

    private void Use(string accessKey)
    {
        using SecureString password = new();
        Secret.ToList().ForEach(password.AppendChar);
        session.Runspace.SessionStateProxy.SetVariable("credential", new PSCredential(accessKey, password.Copy()));
        session.Runspace.SessionStateProxy.SetVariable(
            "store", $"s3://{FakeS3.Bucket}/store?endpoint={fake.Endpoint.OriginalString}");
    }
}
