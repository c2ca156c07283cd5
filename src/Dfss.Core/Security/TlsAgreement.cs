using System.Security.Authentication;

namespace Dfss.Security;

/// <summary>What a client and a peer have agreed upon for one connection, and who the peer is.</summary>
/// <param name="Protocol">TLS 1.3, or 1.2 where both sides allow it.</param>
/// <param name="CipherSuite">The cipher suite by its name, for example <c>TLS_AES_256_GCM_SHA384</c>.</param>
/// <param name="PeerName">The name in the certificate that the peer has proven to be its own.</param>
public sealed record TlsAgreement(SslProtocols Protocol, string CipherSuite, string PeerName);
