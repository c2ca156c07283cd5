using Dfss.Commands;
using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

/// <summary>The pipe that hands an identity to a detached peer.</summary>
public sealed class IdentityHandoverTests
{
    [Fact]
    public async Task Its_socket_is_for_this_user_alone_and_gone_afterwards()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A pipe on Windows is no file.");
        using TestAuthority authority = new();
        string folder;
        await using (var handover = IdentityHandover.Create(new PeerIdentity(
            authority.Identify(DfssRole.Admin), Origin: null, Issuer: null)))
        {
            folder = Path.GetDirectoryName(handover.PipeName)!;
            const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            Assert.Equal(Owners, File.GetUnixFileMode(handover.PipeName));
            Assert.Equal(Owners | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }

        Assert.False(Directory.Exists(folder));
    }
}
