using System.Management.Automation;
using Dfss.Commands;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transfer;
using Xunit;

namespace Dfss.Tests.Drive;

/// <summary>A drive of a client whose certificate permits only some names: the rest does not exist for it.</summary>
public sealed class DriveLimitTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private readonly DriveSession drive = new();
    private TlsPeer peer = null!;

    public async ValueTask InitializeAsync()
    {
        peer = await TlsPeer.StartAsync(
            authority.IdentifyPeer, configure: null, TestContext.Current.CancellationToken);
        MakeDrive("A", authority.Identify(DfssRole.Admin));
        MakeDrive("X", authority.Identify(DfssRole.Writer, "team/mine/"));
        foreach (string name in (string[])["other", "team/theirs", "team/mine/a", "team/mine/b"])
        {
            drive.Run("$writer = $content.GetWriter(\"A:/$name\")[0]; $writer.Close()", ("name", name)).ThrowIfFailed();
        }
    }

    public async ValueTask DisposeAsync()
    {
        drive.Dispose();
        await peer.DisposeAsync();
        authority.Dispose();
    }

    [Fact]
    public async Task What_it_may_not_see_is_no_lack()
    {
        Result listed = drive.RunAsCommand("$child.Get('X:', $true)").ThrowIfFailed();
        Assert.Equal(
            ["team/", "team/mine/", "team/mine/a", "team/mine/b"],
            listed.Output.Select(item => item.Properties["Name"].Value));
        Assert.Empty(listed.Warnings);
        DriveStore store = drive.Find("X").Store;
        (_, string? lack) = await store.ListAsync(string.Empty, seen: null, TestContext.Current.CancellationToken);
        Assert.Null(lack);
    }

    [Fact]
    public void A_folder_of_which_it_sees_a_part_is_a_folder()
    {
        Result found = drive.RunAsCommand(
            "$item.Exists('X:/team'); $item.IsContainer('X:/team'); $item.Exists('X:/team/mine/none')");
        Assert.Equal([true, true, false], found.As<bool>());
        Assert.Empty(found.Warnings);
    }

    [Fact]
    public void Its_changes_leave_what_it_does_not_see()
    {
        drive.RunAsCommand("$item.Copy('X:/team/mine/a', 'X:/team/mine/c', $false, 'CopyTargetContainer')")
            .ThrowIfFailed();
        drive.RunAsCommand("$item.Remove('X:/team/mine/b', $true)").ThrowIfFailed();
        Assert.Equal(["other", "team/mine/a", "team/mine/c", "team/theirs"], Names());
        Result removed = drive.RunAsCommand("$item.Remove('X:/team', $true)").ThrowIfFailed();
        Assert.Empty(removed.Warnings);
        Assert.Equal(["other", "team/theirs"], Names());
    }

    [Fact]
    public void A_name_that_it_may_not_ask_about_is_an_error()
    {
        Result found = drive.RunAsCommand("$item.Exists('X:/other')");
        var error = (IContainsErrorRecord)Assert.Single(found.Errors).Exception.InnerException!;
        Assert.Equal("NotPermitted", Result.IdOf(error.ErrorRecord));
    }

    private void MakeDrive(string name, TlsIdentity identity) =>
        drive.MakeDrive(name, string.Empty, new TransferOptions { Identity = identity }, peer.Address);

    private IEnumerable<string> Names() =>
        drive.Run("$child.Get('A:', $true) | Where-Object { -not $_.PSIsContainer }").As<DfssFileInfo>()
            .Select(file => file.Name);
}
