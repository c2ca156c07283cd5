using System.Globalization;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Storage;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>Which clients are admitted, and for how long.</content>
public sealed partial class DfssPeer
{
    /// <summary>2 s: after a user has emptied the state folder, the next command reaches the peer again.</summary>
    private static readonly TimeSpan TokenInterval = TimeSpan.FromSeconds(2);

    /// <summary>Admits a client by its certificate and hello.</summary>
    /// <exception cref="DfssException">The reason of a refusal.</exception>
    private Welcome Greet(CountedConnection counted, HelloRequest hello, ValidationResult? validation)
    {
        Handshake.Negotiate(hello.Versions);
        if (identityWatch.IsFailing)
        {
            throw new DfssException(
                DfssErrorCode.RevocationStatusUnknown,
                "This peer cannot check at the moment which certificates were revoked, and takes no new connections "
                    + "until it can.",
                "Try again, or see the peer's log for what keeps it from checking.");
        }

        RemoteIdentity client = tls is not null
            ? Identify(validation!)
            : token?.Identify(hello.Token) ?? RemoteIdentity.Unnamed;
        if (client.Role == DfssRole.None && !client.IsUnauthenticated)
        {
            throw new DfssException(
                DfssErrorCode.NotPermitted,
                $"'{client.Name}' has no role at this peer.",
                "Ask the peer's administrator for a role.");
        }

        // A client without a certificate is identified by its address only; a client that joins stays unauthenticated.
        IdentityShare share = client.IsUnauthenticated
            ? memory.Open()
            : connectionLimiter.Admit(
                counted, client.Certificates.Count > 0 ? client.Certificates[0] : counted.Address);
        return new Welcome(
            client,
            handlers.For(client),
            Hello() with { IsLimited = client.NamePrefixes.Count > 0, IsReadOnly = client.Role == DfssRole.Reader },
            share.Requests,
            new AnswerMemory(memory.Pool, share.Answers),
            share.Work);
    }

    private static void ThrowIfUnusable(CertificateValidator validator, TlsIdentity identity, IPeerStore store)
    {
        try
        {
            validator.ThrowIfUnusableAt(identity, store.StoreId);
        }
        catch (DfssException cause)
            when (cause.Code == DfssErrorCode.CertificateNotTrusted && store.CopyOf is StoreId original)
        {
            throw new DfssException(
                DfssErrorCode.CertificateNotTrusted,
                $"The store at '{store.Path}' was a copy of store {original} and is store {store.StoreId} now. "
                    + $"{cause.Reason}",
                "In a cluster: have an administrator run New-DfssInvitation -Role Peer; run Join-DfssCluster "
                + "INVITATION -StorePath "
                + $"'{store.Path}' with it; then start the peer without -StoreCopied.",
                cause);
        }
    }

    /// <summary>The client's identity. At an issuer, a client without a certificate may be about to join.</summary>
    private RemoteIdentity Identify(ValidationResult validation) =>
        Options.Issuer is not null && validation.Refusal?.Code == DfssErrorCode.NotAuthenticated
            ? RemoteIdentity.Unauthenticated
            : validation.IdentityOrThrow();

    /// <summary>Makes the token that clients of a peer without certificates must send; null if the peer does not
    /// authenticate clients.</summary>
    private static Task<LoopbackToken?> CreateTokenAsync(
        PeerOptions options, IConnectionListener listener, CancellationToken cancellationToken)
    {
        if (options.Identity is not null || options.AllowUnauthenticatedNetwork)
        {
            // A peer that was killed here has left its token, from which clients would conclude that this one uses
            // plaintext.
            LoopbackToken.Forget(options.StateFolder, listener.Endpoints);
            return Task.FromResult<LoopbackToken?>(null);
        }

        return LoopbackToken.CreateAsync(
            options.StateFolder ?? throw new DfssException(
                DfssErrorCode.InvalidArgument,
                "This user has no folder for the token by which a peer on loopback recognizes its user's programs.",
                "Set $env:XDG_STATE_HOME to a private folder of this user, or give the peer a certificate."),
            listener.Endpoints,
            cancellationToken)!;
    }

    /// <summary>
    /// Writes the token's files again if they are missing: without them no client would be admitted until a restart.
    /// </summary>
    private async Task<TimeSpan?> KeepTokenAsync(CancellationToken cancellationToken)
    {
        if (await token!.RestoreAsync(cancellationToken).ConfigureAwait(false))
        {
            Log("The files of the peer's token were missing, and were written again.");
        }

        return TokenInterval;
    }

    /// <summary>Closes the connections of clients whose certificates were revoked, or have expired, since they were
    /// accepted.</summary>
    private async Task<TimeSpan?> WatchIdentitiesAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await RefuseThoseWhoMayNoMoreAsync().ConfigureAwait(false);

        // Last, and logged where it fails: a pass that fails closes the peer to new connections.
        if (tls?.Validator.Issuer is { } issuer)
        {
            await issuer.RestoreAsync(cancellationToken).ConfigureAwait(false);
            FollowIssuer();
        }

        return Options.IdentityInterval;
    }

    /// <summary>All at once: a client that reads nothing does not delay the others.</summary>
    private Task RefuseThoseWhoMayNoMoreAsync() => Task.WhenAll(sessions.Keys.Select(session =>
        session.Client is { } client && tls?.Validator.Recheck(client, "client") is { } reason
            ? session.RefuseAsync(reason)
            : Task.CompletedTask));

    /// <summary>At once, so that the answer to a revocation is true when it is sent.</summary>
    private async Task TellRevokedAsync(string broughtBy)
    {
        if (Options.Issuer is { } issuer)
        {
            await issuer.KeepRevokedAsync().ConfigureAwait(false);
        }

        Log(string.Create(
            CultureInfo.InvariantCulture,
            $"Revocation list {tls?.Validator.Kept?.Number} is in force; '{broughtBy}' sent it."));
        await RefuseThoseWhoMayNoMoreAsync().ConfigureAwait(false);
    }

    private async Task TellMovedAsync(string broughtBy)
    {
        if (Options.Issuer is { } issuer)
        {
            await issuer.KeepAddressesAsync().ConfigureAwait(false);
        }

        Log($"The cluster's issuer is at {string.Join(", ", tls?.Validator.Issuer?.Current.Addresses ?? [])}; "
            + $"'{broughtBy}' sent its address.");
        FollowIssuer();
    }
}
