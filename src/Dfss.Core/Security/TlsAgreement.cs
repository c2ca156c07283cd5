using System.Security.Authentication;

namespace Dfss.Security;

/// <summary>The TLS parameters that a client and a peer negotiated for one connection, and the peer's name.</summary>
/// <param name="Protocol">TLS 1.3, or 1.2 where both sides allow it.</param>
/// <param name="CipherSuite">The cipher suite by its name, for example <c>TLS_AES_256_GCM_SHA384</c>.</param>
/// <param name="PeerName">The name in the certificate whose key the peer has proven to hold.</param>
public sealed record TlsAgreement(SslProtocols Protocol, string CipherSuite, string PeerName);
