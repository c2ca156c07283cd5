using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Dfss.Transport;
using Xunit;

namespace Dfss.Tests.Peers;

/// <summary>Every operation against every role.</summary>
public sealed class RoleTests : IAsyncLifetime
{
    private readonly TestAuthority authority = new();
    private TlsPeer peer = null!;

    private static IEnumerable<(string Operation, DfssRole Least)> LeastRoles =>
    [
        .. new[]
        {
            "ping", "peer_info", "get_chunk", "get_chunks", "get_file_info", "read", "list_files", "find_missing",
            "verify_chunk", "list_peers", "renew",
            "get_revocations", "put_revocations", "get_issuer", "put_issuer",
        }.Select(operation => (operation, DfssRole.Reader)),
        .. new[] { "store_chunk", "store_chunks", "flush", "prepare", "seal", "accept", "decide" }
            .Select(operation => (operation, DfssRole.Writer)),
        ("announce", DfssRole.Peer),
        .. new[] { "list_seals", "optimize", "invite", "list_certificates", "revoke" }.Select(
            operation => (operation, DfssRole.Admin)),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        peer = await TlsPeer.StartAsync(authority.IdentifyPeer, configure: null, Token);

    public async ValueTask DisposeAsync()
    {
        await peer.DisposeAsync();
        authority.Dispose();
    }

    [Fact]
    public void Every_operation_is_in_the_table()
    {
        IEnumerable<string> known = typeof(Operations).GetFields()
            .Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);
        Assert.Equal(
            known.Order(StringComparer.Ordinal),
            LeastRoles.Select(row => row.Operation).Append("hello").Append("join").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(DfssRole.Reader)]
    [InlineData(DfssRole.Writer)]
    [InlineData(DfssRole.Peer)]
    [InlineData(DfssRole.Admin)]
    public async Task A_role_may_do_what_it_may_and_nothing_else(DfssRole role)
    {
        TlsIdentity identity = role == DfssRole.Peer
            ? authority.IdentifyPeer(StoreId.Create())
            : authority.Identify(role);
        await using ClientChannel channel = await peer.ConnectAsync(identity, Token);
        foreach ((string operation, DfssRole least) in LeastRoles)
        {
            (DfssErrorCode code, string? message) = await CallAsync(channel, operation);
            if (role >= least)
            {
                // No arguments are given, which most of them mind.
                Assert.True(
                    code is DfssErrorCode.None or DfssErrorCode.InvalidArgument or DfssErrorCode.NotAnIssuer,
                    $"{operation}: {code}");
                continue;
            }

            Assert.Equal(DfssErrorCode.NotPermitted, code);
            Assert.Contains(
                $"'{operation}' needs {least.ToString().ToLowerInvariant()}", message, StringComparison.Ordinal);
            string line = $" {operation} failed: '{identity.Certificate.Subject[3..]}' has the role";
            Assert.Single(peer.Log, text => text.Contains(line, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_client_without_a_certificate_may_ask_an_issuer_to_join_and_for_nothing_else()
    {
        await using TestIssuer issuer = await TestIssuer.StartAsync(cancellationToken: Token);
        ClientChannelOptions options = ClientChannelOptions.Default with
        {
            Connect = new TlsTransport(issuer.Authority.Certificate, TimeProvider.System).ConnectAsync,
        };
        foreach (string operation in LeastRoles.Select(row => row.Operation).Append("join"))
        {
            await using ClientChannel channel = await ClientChannel.ConnectAsync(issuer.Peer.Address, options, Token);
            (DfssErrorCode code, string? message) = await CallAsync(channel, operation);
            Assert.Equal(operation == "join" ? DfssErrorCode.InvalidArgument : DfssErrorCode.NotPermitted, code);
            Assert.Contains(
                operation == "join" ? "'secret' is required" : "Without a certificate a client may only join", message,
                StringComparison.Ordinal);

            // One request, and no more: an idle connection is not kept.
            using CancellationTokenSource limit = new(RawClient.TimeLimit);
            while (!channel.IsClosed)
            {
                await Task.Delay(1, limit.Token);
            }
        }
    }

    [Fact]
    public async Task A_certificate_without_a_role_is_refused()
    {
        TlsIdentity powerless = authority.Identify(new CertificateGrant { Name = "powerless", Role = DfssRole.None });
        DfssException refused = await Assert.ThrowsAsync<DfssException>(() => peer.ConnectAsync(powerless, Token));
        Assert.Equal(DfssErrorCode.NotPermitted, refused.Code);
        Assert.Contains("'powerless' has no role at this peer", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_operation_is_permitted_to_no_role()
    {
        await using ClientChannel channel = await peer.ConnectAsync(authority.Identify(DfssRole.Admin), Token);
        Assert.Equal(DfssErrorCode.UnknownOperation, (await CallAsync(channel, "become_root")).Code);
    }

    private static async Task<(DfssErrorCode Code, string? Message)> CallAsync(ClientChannel channel, string operation)
    {
        try
        {
            ReadOnlyMemory<byte>? payload = Operations.TakesPayload(operation) == true
                ? ReadOnlyMemory<byte>.Empty
                : (ReadOnlyMemory<byte>?)null;
            PeerCall call = new(operation, MessageMap.Empty, payload, Destination: null, IsBulk: false);
            using Response response = await channel.CallAsync(call, Token);
            return (DfssErrorCode.None, null);
        }
        catch (DfssException error)
        {
            return (error.Code, error.Message);
        }
    }
}
